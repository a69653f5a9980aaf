"""Common English words that are names of people as well; printed by `training/words.py`."""

from __future__ import annotations

NAMES_THAT_ARE_WORDS = frozenset(
    """
    abate abbey able ace acres add admiral age ah aide akin alas albino ale ales aline alley ally almond alpha
    alter alto amber amble amen amend amir amirs among an angel angelic angle ani anon antic ants apple arch
    archer arena arenas ares aria arias armor arms art arts as ascension ash askew asks aspen astride atlas
    august aura author autumn azalea azure babe baby back backer bacon bad bade badger bail baker balds bale
    bales balk ball balling balls ban bandy bang bangs banister bank banker banks banner banning bannister bar
    barb barber bard bare barefoot barer barge bark barks barley barman barns baron barren barrette barrier
    barter bash basic basil bass bath battle battles bay bays beach beagle beam beams bean bear beard beat
    beaver beavers bee beech beer beers beets begin bell bellows belt bench bender bent bents berry best beta
    beverage bias bible bickers big bigger bigot bill bills binder bins birch bird bishop bite bitten bitter
    black blacker blade blades blanch bland blank blanks blaze blazer blessing blind bliss blizzard block
    blood bloom blossom blot blow blue blunt board boas bob bode bodily body bogus bold bologna bolster bolt
    bombard bond bonds bone bones boney bonnet book books boon boos booth boots booze border borders bore
    boring born borne boss bottom bottoms bounds bourgeois bow bowler bowling box bra brace brain brake branch
    brand brands brandy brasher brass bravo brawn bray brazier breed breeding breeze brew brick bridge bridges
    bright brim brink broach broad brook brooking brooks broom brothers brown browner browning brunette brunt
    brush buck buckle buckles bud buddy budge buff bull bullion bump bumpers bunch bunk bunker bunny burden
    burger burner burns burr burrow burrows bury bus bush butcher butler butt butte butters button butts
    buzzard bye cable caddie caddy cadence cadet cage call cam camp camper camps can canal canals cancel candy
    cane canning cannon canny canon cant canter canyon cap cape capers caprice captain car card cardinal cares
    cargo carol carpenter carrier carrion carry carton case cases cash cassette caster castle catchings cater
    cavalier cave caves center centers chalk chamber chambers champ champagne champion chance chancellor
    channel chapel char charity chase chastity check cheek cheeks cherish cherry chess chestnut chew chi chick
    child chiles chill chin china chip choice chow christen chuck church chute cinnamon citizen clack clapper
    class clay clear cleave cleaver cleaves clerk clever click client cliff clink close cloud clover cluck
    clutter coach coats cobble cock coffee coffin coil coke colic collar collie colon colonel colt comas combs
    come comes comfort commander comment commodore commons company con conception cone confer constant
    contractor converse convey cook cooks cool cools coop cooper cop cope copes copper coral cord cordon core
    cork corn corner cornet corning corns corpus corral cost cotton couch council countess countryman counts
    court courts cousin cousins cover covert coward cox coy coyer craft crafts cram crane crank crass creed
    creek crew crews crisp crochet crofts crook crooks cross crouch crow crown cruise crumb crumble crystal
    cue cuff cull cumming curd curl current curry curt curtain custard cutter cutting daily daisy dam dame
    dames damps dance dancer dandy dare dark darling dart dash date dates daub dawn day days deacon deal dean
    deans dear dearth deck deeds deem deems deep deer degree delay delta den dent deputy derrick desire
    dessert destiny dew dial dials diamond dice die dike dill dills dimple din dines ditch ditto diver divers
    divine do dock doctor dodge dodo doe dole doles doll dollar dolly dolphin domino don dos dot douse dove
    dowdy downing downs dragon drain dress dresser drew dries driver drop drown drum drummer dry dryer dub
    duck due duet duff duke dukes dull dung dusty duty dye each eager eagle earl earls early earnest east
    easterly eaves ebb ebony echo eddy edge edit elder elders elks elms else ember emerald emeralds emir emit
    ensign era essence ether eve even evens ever eves eye factor fails fair fairy faith falcon fall falls fan
    fancy fang fanning fares farmer fast fate favorite favors fawn fears feather feathers fed fee feline fell
    feller fellows fells felt felts fender fern ferry fetter fetters few field fielding fields file files
    filler finch fine finger fish fisher fit fitting fix flake flakes fleck fleet flick flint flock flood
    floor flora flower flowers fly folk folks font foot force ford fore foreman forest forget fort forte
    fortes forth fortune forum forward foster fount fountain fox frame franc frank franks fray free freed
    freely freer freeze french fresh freshwater friar fried friend fries frisk front frost fry fudge fuller
    furlong furrow furry gable gage gain gains gal gala gale gales gall gallant gallop gamble games gander
    garden gardener garland garnet garret garrison gas gates gathers gauge gaunt gay gayer gee gene general
    genesis genie gent gentile gentle gentry gift gill gills ginger gist given givens gladden glade glass
    glasses glaze glen glory gloss go goad goblet gold golden goldsmith gong goo good goodnight goods goodwill
    gore gorge gouge governor grab grace gram grams grand grant grass grate gravel gravely graver graves gray
    grayer grays green greening greet grey grieve grill grim grimes grimmer grinder grit groom grooms gross
    grounds grove groves grow grunt guard guess guest guild gulley gully gum gun gunner gunning gust gut guy
    ha hack hacker hackney haddock haggard hail hair hale hales hall hallmark halls halter ham hamburger
    hamlet hammer hammers hammock hand handler handy hang hanger harbor hard harden harder hardy hare haring
    harm harmony harms harness harp harrow harry harsh hart hash hasting hasty hatch haven havens hawk hawks
    hay hays hazard hazel he head heady heal heap heaps heard heart hearty heater heath heather heaven heckler
    hedge hedges height held hell helm helms hemming hence hens her herald herb herd heron herring hey hick
    hicks hide high highland hill hillier hills hilt hind hinds hires hitch ho hoard hobby hock hocking hoes
    holder holding hole holiday holler holly homes hone honey honing hood hoof hook hooks hoop hoops hoots
    hope hopes hopper hopping horn hose host house hove hovel hover huddle hue huff hug hull human humble hung
    hunger hunt hunter hurdle hurt husband husk hyacinth ice icy ii immaculate in infant innocent ion iris
    irons ivory ivy jack jacks jade jail jarred jay jeans jester jet jewel job joke jolly journey joy judge
    jug jump jumper junior junk jury just justice keel keeling keels keen keener ken kettle key keys kick
    kidney killer kind kinder kindle kindred king kink kiss kit kitchen kitchens kite kitty knee knight
    knights knoll knuckles lace lack lacy lad lade lady lain lair lake lakes lamb lament lamp lance land
    lander lane large lark lash lass latch laughter laurel lavender law lawless laws lawyer lax lay layman
    leach leader leaf leafy league leak leaks lean leaner learned lease ledger lee leech leek leisure lemon
    lemons lent leopard less lesser lever levering levy liberty lice lie lies lieu light likens lily line
    liner lines linger lingo link linker lint lips list lithe little lively llamas loan lock locker lodge
    lofts lone long look loon looney loop loose loot lope lopes lord lore lot loud louder love lovely loving
    low lower loyal lucid luck lucky lung lusher lust luster lute lutes lynch lyric ma mace macho macintosh
    mad madden made mads magic magnolia maiden main mains maize major majors maker male mall mallard mallet
    man mane manes manger manly manners manning manor mans mantle manual many maple maples mar marble march
    mare mares maria marina marine mark marker marks marrow marry mars marsh marshal mart martial martin marts
    marvel mas mash mask mason mass mast master masters mat mate math mats matt matte matter mattes matts
    maudlin maul maverick maxim maxima may mayor maze meadow meadows meals mealy means media medley meek
    meeker melody mentor merchant mercy merrily merry messenger messier messing metro mike mile miles mill
    miller milliner million mills miner mines mingle mink minks minor miracle mire miser miss mist misty mitt
    mitten mitts mix moan moats mock mole moles money monk monks moody moon moons moor mooring moors moos
    moose more morning moron moss motley motto mount mountain mounts mower mowers muck muff mule mull munch
    muse music must mutter my nail nation nations nay near nee neighbors nettles new newborn newcomer newt
    newton nice nicely nick nickel nickels nicks nigh nightingale nil noble nobles noon norm north northern
    nova null numbers nurse nutting oak oaks octave odd odds officer ogle ogles oh old olden olive omega opal
    oral orange orchard ore organ otter ours outlaw ova over overall overly owe pa pace pack packer paddock
    pagan page pages painter pair pal pall palls palm palomino pals pan pane pang pansy pant panther pap papa
    papas par paradise pardon pare parent parish park parks parsley parson parsons partridge parts pass pastor
    pasty pat patch pate patience patty paw payer peace peach peacock peak pearl pease peck peek peel peer peg
    pellet pelt pence penning penny people peoples pepper peppers per person persons peter peters petite pets
    petty pew phoenix pi piccolo pick pickle pickles pier pierce pigeon pike pilgrim pillar pillow pilot pine
    pines pinion pink pipes pitcher place plain plank plant plaster player plaza pleas pleasant plum plumb
    pointer pole poling polite poll polo pond ponder ponds pool poor pop pope poplar poppy porch port porter
    post potter potters pound pounds power powers pray precious press pretty price pride priest prim prime
    primmer prince princess prior priors profit prom proper prosper province prude prudence pry puck puff
    puffer pulley puma punch purity put putt queen quick quill quirk race rafter raid rails rains rainwater
    rake rakes ram ran range ranger rank ransom rape rares rash rather ravel raven ray re reach read reader
    reading ready real ream reams reaper reason record rector red redden reed reel register rein reis render
    renders revels rhymes rice rich richer riddle riddles rider ridge riding rife rile riles rim ring rink
    ripple riser risk river rivers rivet roach roar rob robin robins rock rocker rocky rod rode roe rogue
    roles roll roller rolling roman roof rook rooks room root roots rose rosemary rosier rosy rote rounds
    rouse rout row royal royals royalty ruby rudder ruddy rude ruder rue ruff ruffing rule rumble run rune
    runner running runny rush rushing rust rusty rut ruts rye sack sacks sad safari saga sage sager said
    sailor saint salami sale sales sally salmon salmons salter sample samples sand sandal sandman sands sandy
    sane saner sang sari saucier savage saver savory say scales scarlet scurry sea seal seals seaman sears
    season seats sec see self sell sellers sells senator senior sera serenity sergeant sermons server service
    session sessions settle settles seven sever severance severe severs shade shake sharp sharper shaver
    shavers shear shears sheen sheets sheikh shell sheller shepherd sheriff sherry shield shields shin shine
    shire shirk shiver shivers shock shoe shook shore shores short shorter shorts shoulders showers showman
    shows shuck shy sickles side sides sierra silk sill sills silver silvers simmers sin sincere sine sing
    singer sink sinner sip sire siren sister sites sitters six sizer skates skip skipper sky slack slate
    slaughter slay sleeper slick sly small smalls smart smit smith smock smolders smothers snider snipes snot
    snow so sober sobers solar sole soles son sonata song sons soon soot soprano sours south southern spade
    span sparkle sparks sparrow speaker speaks spear spears speck speed spell speller spells spies spikes
    spires spoon spray spring springs sprinkle spry square squire squires stabler stack stacks staff stage
    staggers stair stairs stall stalling stamp stamps standard stapler staples star stark start states steel
    steer stem sterling stern sterner sterns steward stickler stiff still stiller stills stinger stock
    stocking stocks stoke stokes stone stoney stoops stops storey stork storm storms stormy story stout
    straight strain strait strand strange straw street streets strode strong struck strum stuck stump styles
    such sue suits sultan sum summer summers sun sung sunny sunshine super supple surface swallow swan sweat
    sweet sweeten swift swim swims swindle swindler swing swisher sword swords tab tack tailor tall tally
    talon tan tang tank tanner tardy tarry tart tarter tawny tea tee teed teems teeter teeters tell teller
    temple temples test tester than thatch thatcher the theta thorn thrash thresher thrift tiara tickle ties
    tiger tilde till tingle tinker tinkle tins tiny to toll tome tomes ton tone tong too toots topic topping
    tore torrent torrents tours tow tower towers town towns toy trace trader trail trainer treasure treat trim
    trimmer trinity troop troupe trout true trump trusty tuck tufts tune turner tusk tutor tweed twine twining
    unique unknown unnamed urban us usher utter vain valentine valiant valid valley valves van vanish veal
    veer velvet vessels vest vi via vial vice victor victors victory vigil villa vine vines vineyard viola
    violet virgin visa vital vowels waddle wade wafer wage wager wagers wages wait waiters waits wake walk
    walker wall walling walls waltz wan wanner ward warden warmer warren warrior wash washer watchman water
    waters watt watts wax way wear weary weathers weaver wedding wedge wee weed weekly weeks weight welcome
    well welling wellington wells welter were west western wetter wheat white whiten whittle wick wicker wicks
    widen wild wilder wilds will willow wills wilt win wind windy wine wines wing wink winner winter winters
    wire wisdom wise wiser wit withers witting witty wolf won woo wood wooden wooding woodland woods woody
    word work workman works worm worth worthy wren wright yap yard yawn yen yoga you young younger zero zeta
    """.split()  # noqa: SIM905  words read more easily without quotes
)
