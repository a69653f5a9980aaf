"""The forms of keys and tokens, as their issuers document them: a text that each starts with, and what follows.

Written from the issuers' own descriptions; which issuers there are was learnt from the rules of gitleaks (MIT)
and Nosey Parker (Apache-2.0).
"""

from __future__ import annotations

# What may follow: base62, base64, base64 for addresses, hexadecimal.
_A, _B, _U, _H = "[A-Za-z0-9]", "[A-Za-z0-9+/]", r"[A-Za-z0-9_-]", "[0-9a-f]"
_LOW = "[a-z0-9]"
_UUID = f"{_H}{{8}}-{_H}{{4}}-{_H}{{4}}-{_H}{{4}}-{_H}{{12}}"

# Start and continuation of tokens that nothing of their own alphabet stands before. Every continuation is bounded
# and of one alphabet, so that matching takes linear time.
TOKENS: tuple[tuple[str, str], ...] = (
    *((start, "[A-Z0-9]{16}(?![A-Za-z0-9])") for start in ("AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA", "AGPA", "ANPA", "APKA")),
    ("A3T", "[A-Z0-9]{17}(?![A-Za-z0-9])"),
    ("amzn.mws.", _UUID),
    ("ABSK", f"{_B}{{100,300}}={{0,2}}"),
    ("AIza", f"{_U}{{35}}(?![\\w-])"),
    ("GOCSPX-", f"{_U}{{28}}"),
    ("ya29.", f"{_U}{{20,2000}}"),
    ("1//0", f"{_U}{{38,120}}"),
    *((start, f"{_A}{{36,255}}") for start in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("github_pat_", r"\w{22,255}"),
    *((start, f"{_U}{{20,300}}(?:\\.{_U}{{1,60}}){{0,2}}") for start in (
        "glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-", "GR1348941")),
    ("_gitlab_session=", f"{_H}{{32}}"),
    *((start, "(?=[A-Za-z0-9-]{0,40}\\d)[A-Za-z0-9-]{20,250}") for start in (
        "xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "xwfp-", "xoxe.xoxp-", "xoxe.xoxb-")),
    *((start, f"{_U}{{20,300}}") for start in ("sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-or-v1-", "sk-lf-")),
    ("sk-", f"(?=[A-Za-z-]{{0,40}}\\d){_U}{{20,200}}"),
    *((start, f"{_A}{{10,250}}") for start in (
        "sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_")),
    ("whsec_", f"{_B}{{24,80}}={{0,2}}"),
    *((start, f"{_A}{{30,60}}") for start in ("hf_", "api_org_", "r8_", "gsk_", "nvapi-", "pplx-", "xai-", "csk-", "fw_", "tgp_v1_")),
    *((start, f"{_U}{{20,100}}") for start in ("jina_", "tvly-", "fc-", "lsv2_pt_", "lsv2_sk_", "voyage-", "pcsk_", "ls__", "e2b_", "bb_live_", "exa_")),
    ("SG.", f"{_U}{{16,32}}\\.{_U}{{16,64}}"),
    ("xkeysib-", f"{_H}{{64}}-{_A}{{16}}"),
    ("xsmtpsib-", f"{_H}{{64}}-{_A}{{16}}"),
    *((start, f"{_H}{{32}}(?![0-9a-f])") for start in ("key-", "pubkey-", "SK", "AC")),
    ("npm_", f"{_A}{{36}}"),
    ("pypi-", f"{_U}{{50,1000}}"),
    ("pat", f"{_A}{{14}}\\.{_H}{{64}}"),
    ("ops_eyJ", f"{_B}{{200,3000}}={{0,2}}"),
    ("sk_", f"{_H}{{48}}(?![0-9a-f])"),
    *((start, f"{_A}{{14}}(?![A-Za-z0-9])") for start in ("rzp_live_", "rzp_test_")),
    *((start, f"{_U}{{34}}=?") for start in ("secret-live-", "secret-test-")),
    ("pyx_", f"{_A}{{40,120}}"),
    ("cio", f"{_A}{{32}}(?![A-Za-z0-9])"),
    ("rubygems_", f"{_H}{{48}}"),
    ("CLOJARS_", f"{_A}{{60}}"),
    ("oy2", f"{_LOW}{{43}}(?![a-z0-9])"),
    *((start, f"{_H}{{64}}") for start in ("dop_v1_", "doo_v1_", "dor_v1_", "hawk.")),
    *((start, "[0-9a-fA-F]{32}") for start in ("shpat_", "shpca_", "shppa_", "shpss_")),
    *((start, f"{_U}{{22,60}}") for start in ("sq0atp-", "sq0csp-", "sq0atb-", "EAAAE", "EAAAl")),
    ("EAA", f"[A-Z]{_A}{{60,300}}"),
    ("dckr_pat_", f"{_U}{{20,60}}"),
    ("dckr_oat_", f"{_U}{{20,60}}"),
    ("PMAK-", f"{_H}{{24}}-{_H}{{34}}"),
    ("PMAT-", f"{_A}{{26}}"),
    ("dapi", f"{_H}{{32}}(?:-\\d)?(?![0-9a-f])"),
    *((start, f"{_A}{{38,80}}") for start in ("dp.pt.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit.")),
    ("dp.st.", rf"(?:[\w-]{{2,35}}\.)?{_A}{{38,80}}"),
    *((start, f"{_U}{{20,300}}") for start in ("hvs.", "hvb.", "hvr.")),
    ("ATATT3", "[A-Za-z0-9_=-]{40,250}"),
    ("ATCTT3", "[A-Za-z0-9_=-]{40,250}"),
    ("ATBB", f"{_A}{{32}}"),
    ("BBDC-", f"{_B}{{44}}"),
    *((start, f"{_U}{{19,60}}") for start in ("NRAA-", "NRAK-", "NRJS-", "NRII-", "NRRA-", "NRIQ-", "NRSP-")),
    *((start, f"{_A}{{40,64}}") for start in ("lin_api_", "lin_oauth_")),
    *((start, f"{_A}{{40,60}}") for start in ("ntn_", "secret_")),
    ("4b1d", f"{_A}{{38}}(?![A-Za-z0-9])"),
    ("A3-", "[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"),
    ("eyJrIjoi", f"{_B}{{60,400}}={{0,2}}"),
    # A JSON web token, whose header is `{"` in base64; of an encrypted one there are five parts.
    ("eyJ", r"[\w-]{10,4000}\.[\w-]{10,8000}(?:\.[\w-]{0,2000}){0,3}"),
    ("ZXlK", f"{_B}{{60,4000}}={{0,2}}"),
    ("00D", f"{_A}{{10,15}}![\\w.]{{60,300}}"),
    *((start, f"{_H}{{64}}") for start in ("s-s4t2ud-", "s-s4t2af-")),
    # A private key in base64: anything that begins like PEM and is neither a certificate nor a public key.
    ("LS0tLS1CRUdJTi", f"(?!BDRVJU|BQVUJM){_B}{{60,8000}}={{0,2}}"),
    ("AGE-SECRET-KEY-1", "[A-Z0-9]{50,60}"),
    ("$2a$", r"\d\d\$[./A-Za-z0-9]{53}"),
    ("$2b$", r"\d\d\$[./A-Za-z0-9]{53}"),
    ("$2y$", r"\d\d\$[./A-Za-z0-9]{53}"),
    ("$1$", r"[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}"),
    ("$5$", r"(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}"),
    ("$6$", r"(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}"),
    *((start, r"[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}") for start in ("$8$", "$9$")),
    *((start, r"[\w.@$*:/-]{60,4000}") for start in ("$krb5asrep$", "$krb5tgs$", "$krb5pa$")),
    ("$argon2", r"id?\$v=\d{1,3}\$m=\d{1,9},t=\d{1,4},p=\d{1,4}\$[+/A-Za-z0-9]{8,100}\$[+/A-Za-z0-9]{16,200}"),
)  # fmt: skip

# Start, and a continuation with the group `secret`: forms in which only a part is secret, or that stand anywhere.
PARTS: tuple[tuple[str, str], ...] = (
    ("hooks.slack.com/", r"(?:services|workflows|triggers)/(?P<secret>[\w/+-]{20,200})"),
    ("webhook.office.com/", r"webhookb?2?/(?P<secret>[\w@/-]{40,300})"),
    ("outlook.office.com/webhook/", r"(?P<secret>[\w@/-]{40,300})"),
    ("nseal Key ", r"\d{1,2}: (?P<secret>[A-Za-z0-9+/]{43,44}={0,2})"),
    ("operator unseal ", r"(?P<secret>[A-Za-z0-9+/]{43,44}={0,2})"),
    ("discord.com/api/webhooks/", r"(?P<secret>\d{17,20}/[\w-]{60,80})"),
    ("discordapp.com/api/webhooks/", r"(?P<secret>\d{17,20}/[\w-]{60,80})"),
    ("api.telegram.org/bot", r"(?P<secret>\d{6,12}:[\w-]{30,40})"),
    ("AccountKey=", r"(?P<secret>[A-Za-z0-9+/=%]{40,200})"),
    ("SharedAccessKey=", r"(?P<secret>[A-Za-z0-9+/=%]{40,200})"),
    ("sig=", r"(?P<secret>[A-Za-z0-9+/=%]{40,200})"),
    ("-----BEGIN ", r"(?P<secret>(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY[A-Z ]{0,20}-----(?:[^-]|-(?!----))*(?:-----END [A-Z0-9 ]{0,40}-----)?)"),
    (".atlasv1.", r"(?P<secret>[\w=-]{60,70})"),
    ("earer ", r"[ ]{0,2}(?P<secret>(?=[\w.~+/=-]{0,40}\d)[\w.~+/=-]{14,4000})"),
    ("SSWS ", r"(?P<secret>[\w.~+/=-]{20,100})"),
    ("asic ", r"[ ]{0,2}(?P<secret>[A-Za-z0-9+/]{16,400}={0,2})(?![\w])"),
    ("igest ", r"[ ]{0,2}(?:\w{1,20}=\"[^\"]{0,200}\",?[ ]?){0,10}response=\"(?P<secret>[0-9a-f]{32})"),
    ("-Crumb:", r"[ ]?(?P<secret>[0-9a-f]{32,64})(?![0-9a-f])"),
    ("password to proceed to installation:", r"\s{1,4}(?P<secret>[0-9a-f]{32})"),
    ("/api/v1/", r"(?P<secret>[a-z0-9]{20})/(?:telemetry|attributes|rpc|claim)\b"),
    (":AA", r"(?P<secret>[\w-]{32,36})(?![\w-])"),
    ("NetworkCredential(", r"\s{0,3}[\"'][^\"'\n]{0,100}[\"'],\s{0,3}[\"'](?P<secret>[^\"'\n]{4,100})"),
    ("DirectoryEntry(", r"\s{0,3}(?:[\"'][^\"'\n]{0,100}[\"'],\s{0,12}){2}[\"'](?P<secret>[^\"'\n]{4,100})"),
)  # fmt: skip

# Starts that other words have as well: what follows must look random, and be as long as this.
LOOSE = tuple(
    start.replace("~", " ")
    for start in (
        """
        figd_ figo_ phc_ phx_ phs_ rdme_ pnu_ pnb_ sntrys_ sntryu_ glc_ glsa_ pul- tskey- nfp_ fo1_ FlyV1~fm1_
        FlyV1~fm2_ fio-u- sm_aat_ vercel_ dsec_ odt_ prefect_ sgp_ sgs_ slk_ squ_ sqp_ sqa_ shippo_live_ shippo_test_ EZAK
        EZTK duffel_live_ duffel_test_ FLWSECK_TEST- FLWPUBK_TEST- FLWSECK- CFPAT- napi_
        apify_api_ pat-na1- pat-eu1- patch_ dt0c01. dt0s01. dt0s16. aio_ p8e- cmVmd AKCp NETLIFY_ sl. t1_ v2.public.
        v1.0- ovh_ LTAI secret-token: ak_live_ access_live_ access-sandbox- access-production- link-sandbox- mlsn.
        re_ api-live- ubp_ tk-us- rnd_ render_ cal_live_ sb_secret_ sbp_ pscale_tkn_ pscale_pw_ pscale_oauth_ bkua_
        circle_ CCIPAT_ CCIPRJ_ snyk_ ddp_ HRKU- ghost_ auth0_ sdk- mob- api- okta_ frp_ ptr_ jfrog_ dnkey- ico- pat. sat. API- sha256~ live_ AQVN YCAJ sm_pat_ sm_sat_ sk. tfp_ typ_ kagi_
        AGE-SECRET-KEY-1
        """.split()  # noqa: SIM905  words read more easily without quotes
    )
)
LOOSE_BODY = r"[A-Za-z0-9_=+/-][A-Za-z0-9_=+/.-]{23,599}"

# Long runs of a token's characters, and the forms whose start is no literal.
LONG = r"(?<![A-Za-z0-9_+/=.~-])[A-Za-z0-9_+/=.~-]{26,}"
SHAPES = (
    r"[\w.~-]{3}\dQ~[\w.~-]{31,34}",
    rf"{_H}{{32}}-us\d{{1,2}}",
    rf"[sbr]\.{_A}{{24}}",
    rf"\d{{1,4}}-{_A}{{64}}",
    rf"{_LOW}{{36}}NRAL",
    rf"[MNO]{_U}{{23,27}}\.{_U}{{6}}\.{_U}{{27,40}}",
    rf"{_A}{{6}}_{_A}{{29}}_mmk",
    rf"[12]{_A}{{26}}_{_A}{{20,22}}",
    rf"(?:sc|ext|scauth|authress)_{_LOW}{{5,30}}\.{_LOW}{{4,6}}\.acc[_-][a-z0-9-]{{10,32}}\.[\w+/=-]{{30,120}}",
    rf"{_A}{{76}}AZDO{_A}{{4}}",
    rf"{_A}{{52}}JQQJ99[A-Z]{_A}{{25}}",
)
