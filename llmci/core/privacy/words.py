"""Words that are names now and then, and words that ids are made of: what memory must not take for a person."""

from __future__ import annotations

# Names that are words too: a rule needs more than the word itself.
COMMON = frozenset(
    """
    amber an angel savannah paris april art ash august autumn ball banks barber basil bass bean bear bell berry best bill bird
    bishop black blue bond book boot bright brook brown bush butcher butler carol carter chance chase christian
    clay cliff coast cook cooper coral cross crystal daisy dale dawn day dean dick do dot drew duke earl east
    even ever fair faith field fields fish fisher flower ford forest fox frank french gene gift ginger glass
    glory gold good grace grant gray green guy hall harmony harper hart haven hawk hazel heath heather hill
    holly honey hope hunter iris ivy jack jade jasmine jersey jewel jordan joy june justice king knight lake
    lane law lily little long love luck major man march mark marsh mason max may mercy mike miles mill miller
    moon north oak olive page paris park parks pat patience misty melody said brandy candy cherry destiny sierra viola rusty pierce chuck norm loan mina eve chad wade randy kitty merry pearl peace penny piper poppy porter post potter
    power price prince queen ray reed rich rivers rob robin rock rose ruby rush sage sandy savage sea sharp
    short sky smith so south star sterling stone storm street strong sue summer sunny swan swift tanner taylor
    to trinity victor victory violet virginia walker wall ward waters way wells west white wild will winter wise
    wolf wood woods worth yard young you
    """.split()  # noqa: SIM905  words read more easily without quotes
)

# Words of ids that name no person, such as order_item_1234.
TECHNICAL = frozenset(
    """
    abuse account action address admin agent api app area asset attempt auth bag balance bank base batch bill billing
    block book booking bot box branch build bundle button call card cart case cash category cell certificate
    channel chat check city claim class client code column comment commit company config contact content context
    cost count coupon credit currency customer data database date day db debit default delivery demo deploy
    device dir discount doc document domain draft email end entry env error event example exchange export fee
    field file final first flag flight flow folder form format free function gateway gift global group guest
    hash header history host hotel http id image import index info input insurance invoice item job json key
    kind label last lead level limit line link list load local location lock log login main map max member
    memory menu message meta method min mode model module month name network new node note notice null num
    number object offer old open option order output owner package page param parent part partner party pass
    passenger password path pay payment paypal payload period phone pin plan platform point points policy port
    post prefix price process product profile project promo prompt property public purchase query question queue
    rate read record ref refund region release report request reservation reset resource response result return
    review role room round route row rule run sale sample scan schedule schema scope score search seat section
    seed segment select sent server service session set shipment ship shop sim site size sku slot source space
    spec stage start state status step stock store stream string style sub subject system table tag task team
    temp template term test text thread ticket tier time title token tool topic total trace track train
    transaction transfer trip type unit update upload url usage user value variant vendor version video view
    virtual visa visit voucher wallet warehouse web week worker workflow write year zone support sales hello office help news noreply reply postmaster webmaster
    marketing press jobs careers legal security
    """.split()  # noqa: SIM905  words read more easily without quotes
)

# Whoever runs a machine, a container or a build.
MACHINES = frozenset(
    """
    root admin administrator user users ubuntu debian centos fedora ec2-user azureuser vagrant docker node nobody daemon www-data
    nginx apache postgres mysql redis git jenkins runner travis circleci gitlab-runner vscode codespace app appuser service system
    public default guest shared oracle hadoop spark airflow jovyan sandbox agent bot test dev build deploy python
    """.split()  # noqa: SIM905  words read more easily without quotes
)
