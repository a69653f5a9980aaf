"""More patterns of sentences for `templates.py`: e-mails, reviews, news and tales, and other languages than English.

Written for this purpose, with sentences of the same looks that name nobody: brands that are called like people, nouns of
German, weekdays of French; and sentences of words drawn from Faker's fillers (MIT), which mean nothing in eight languages.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

# Firms, products and institutions that are called like people.
BRANDS = """
Wells Fargo|Chase|JPMorgan Chase|Goldman Sachs|Goldman|Morgan Stanley|Merrill Lynch|Charles Schwab|Edward Jones|Ernst & Young|Arthur Andersen
Trader Joe's|Wendy's|McDonald's|Macy's|Lowe's|Kohl's|Dillard's|Denny's|Arby's|Papa John's|Jimmy John's|Domino's|Hardee's|Applebee's|Chili's
Ben & Jerry's|Levi's|Kellogg's|Campbell's|Heinz|Hershey's|Reese's|Disney|Warner Bros|Johnson & Johnson|Procter & Gamble|Harley-Davidson|Mercedes
Ford|Lincoln|Chrysler|Dodge|Tesla|Ferrari|Porsche|Honda|Dell|Hewlett-Packard|Siemens|Bosch|Philips|Adidas|Hugo Boss|Armani|Versace|Prada|Gucci
Ralph Lauren|Tommy Hilfiger|Calvin Klein|Michael Kors|Kate Spade|Louis Vuitton|Jimmy Choo|Eddie Bauer|Victoria's Secret|Brooks Brothers
John Deere|Jack Daniel's|Jim Beam|Johnnie Walker|Captain Morgan|Sam Adams|Dr Pepper|Mr. Clean|Uncle Ben's|Betty Crocker|Sara Lee|Oscar Mayer
Johns Hopkins|Stanford|Carnegie Mellon|Duke|Cornell|Rice|Mount Sinai|St. Luke's|Jenkins|Claude|Gemini|Watson|Siri|Alexa|Cortana|Bixby|Jira|Ansible
Lord & Taylor|Barnes & Noble|Bed Bath & Beyond|Smith & Wesson|Black & Decker|Marks & Spencer|Baker McKenzie|Bain|McKinsey|Deloitte|Moody's
"""
# Short forms of first names, of which lists of names have few.
NICKNAMES = """
Abby Al Alex Andi Angie Archie Arnie Art Babs Barb Basti Bea Becky Ben Bennie Bernie Bert Beth Betsy Betty Bev Bill Billie Bo Bob Bobbie Brad Bud Cal
Cam Candy Cass Cathy Charlie Chas Chema Chet Chip Chris Christy Chuck Chuy Cindy Clem Clint Coco Concha Connie Corey Curro Cy Dan Danny Darcy Dave Deb
Debbie Dee Del Dick Dickie Dina Dirk Dolly Don Donnie Dot Dottie Doug Drew Duke Dusty Ed Eddie Edie Effie Eli Elle Ellie Ernie Fatou Fay Flo Floyd Fran
Frankie Fred Freddie Fritz Gabe Gail Gene Geoff Gerry Gigi Gina Ginger Ginny Gitti Greg Gus Gwen Hal Hank Hansi Hattie Heike Hon Ike Inge Izzy Jake
Jan Jay Jeb Jed Jeff Jenny Jerry Jess Jill Jim Jimmy Jo Jodi Joe Joey Jojo Jon Josie Juju Kai Kalle Karl Kat Kate Kathy Katie Kay Ken Kenny Kike Kim
Kip Kit Kris Lacey Larry Len Lenny Les Lew Lex Lindy Liz Lizzie Lola Lolo Lottie Lou Luca Lulu Lupe Mac Maddie Mae Maggie Maite Mandy Manny Manolo
Manu Marge Marty Matt Maxie Meg Mel Merche Micha Mick Mickey Mike Millie Mimi Mindy Mo Moe Molly Momo Moni Monty Nacho Nan Nat Nate Ned Nell Nick
Nicky Nico Nora Norm Oli Ollie Paco Pam Pat Patty Paulie Peg Peggy Penny Pepe Pete Phil Pip Polly Pru Quique Raj Ralf Randy Ray Reg Resi Rex Rich Rick
Ricky Rita Rob Robbie Rod Ron Ronnie Rosie Roz Russ Rusty Sal Sally Sam Sandy Seb Sepp Shel Sid Skip Sonny Stan Stef Steffi Steve Stevie Stu Sue Susi
Suzie Tad Tam Ted Teddy Terri Tess Tex Theo Thom Tim Timmy Tina Titi Toby Tom Tommy Toni Tony Topher Tricia Trish Trudy Ty Uli Uwe Val Vern Vi Vic
Vicky Vince Vinnie Viv Wally Walt Wes Will Willie Win Woody Xavi Yoli Zach Zack Zeke Zoe
""".split()  # noqa: SIM905  words read more easily without quotes
# Gods, heroes and methods that are called like people, and what is named after them.
MYTHS = """
Thor|Odin|Loki|Zeus|Hera|Apollo|Athena|Artemis|Hermes|Ares|Hades|Poseidon|Merlin|Arthur|Hercules|Atlas|Prometheus|Titan|Phoenix|Venus|Mars|Jupiter|Juno
Thanos|Jaeger|Kafka|Cassandra|Helm|Argo|Vega|Luna|Aurora|Orion|Pegasus|Minerva|Vulcan|Neptune|Cerberus|Medusa|Sphinx|Santa|Cupid|Buddha|Shiva|Vishnu|Allah
Gantt|Pareto|Gauss|Poisson|Bayes|Fourier|Laplace|Markov|Kalman|Nash|Turing|Moore|Murphy|Ponzi|Richter|Celsius|Fahrenheit|Doppler|Venn|Likert|Fibonacci
Big Ben|Machu Picchu|Monte Carlo|Mona Lisa|Jack Frost|Uncle Sam|Mother Nature|Father Time|Doc|Mister|Madam|Sir
"""
LETTERS = r"""
{first},\n\nAttached is the draft. {first} asked me to forward it to {first} and {full} before {day}. Let me know if {last} can join by phone.\n\nThanks,\n{first}
{first},\nI talked to {full} about the position, he'll get back to you after the {day} meeting. Can you ask {first} to print the agreement?\n{first}
{first} -\n\nsee below. {first} thinks we should wait; {first} disagrees.\n\n{initial}
{first}/{first}: any thoughts?
{first} and {first},\n\nPlease review the attached and send comments to {first} by {day}.
All,\n\nPer our discussion with {full} and the folks at {org}, the revised terms are as follows. {full} in Credit needs to sign off. {first} is out until the {m}th so go through {full} instead.\n\nRgds\n{initial}. {last}
Team,\n\n{first} will be covering for {first} {day} and {day}. Contact {first} with questions.\n\nRegards,\n{first} {initial}. {last}
-----Original Message-----\nFrom: {last}, {first}\nSent: {day}, {month} {m}, {n} 9:12 AM\nTo: {last}, {first}; {last}, {first} {initial}.\nCc: {last}, {first}\nSubject: RE: Agreement - {org}\n\n{first}, please call {first} {initial}. about the draft.
From: {full}\nTo: {full}; {full}\nSubject: FW: Lunch {day}?
To: {last}, {first}; {last}, {first}; {last}, {first}
{last}, {first}; {last}, {first}; {last}, {first}
From:\t{full}/HOU/ECT@ECT\nTo:\t{full}/Corp/ENRON@ENRON, {full}/NA/Enron@Enron\ncc:\t{full}
 -----Forwarded by {full}/HOU/ECT on {date}-----
To: {mail}\ncc: {full} <{mail}>, "{last}, {first}" <{mail}>
On {day}, {month} {m}, {full} <{mail}> wrote:\n> {first},\n> sounds good.\n> {first}
Hey {first}, it's {first} from Accounts. {first} said you had {first}'s badge?
FYI -- {last} wants the P&L by 5. Also, {last} called; {full} is backing up {full}.
I met w/ {full}, {first} {initial}. and {first} {initial} on {day}. Bottom line: {org} stays.
{first} left me a voicemail. I will call {first} back after I speak to {last}.
Sorry for the late response - been in {city} all week. {first} and I will be back {day}.
Have you heard from {first} or {first} about the {thing}? If not, try {first} {last} at {phone}.
{first} has the numbers. {first} has the keys. {first} does not know yet.
I've copied {first} and {first} on this. {first}, can you confirm?
Per {first}'s request, I am sending the list to {first}, {first} and {last}.
Thanks again for your help yesterday, {first}. I owe you one!
Please add {first} {last} and {first} {last} to the distribution list and remove {full}.
{first} is on vacation, {first} is sick and {first} quit, so it's just me & {first}.
Will do. {first}
ok thx {first}
thx\n{initial}{initial}
Best\n{first}
Best regards,\n{initial}. {last}
Rgds,\n{initial}. {initial}. {last}
Love,\n{first} and {first}
xoxo {first}
Sincerely yours,\n\n{first} "{first}" {last} III\nVice President, Procurement\n{org}
Yours faithfully\n\n{title} {initial} {last}
{full}\nSenior Counsel\n{org}\n{addr}\nPh: {phone}\nFax: {phone}
{full}, Esq.\n{org}
{first} {initial}. {last}, Jr.
{first} O'{last} and {first} Mc{last} are cousins.
{first} van der {last} and {first} de la {last} signed; {first} al-{last} did not.
{first} bin {first} al {last} is the {job}.
{first} {first} {last} {last} is her full name.
{last} {first} {first} ({country})
I read {last}'s essay on {last} and {last}; {last} is the better writer.
{last} once said that work is never done.
{last}'s first law, {last}'s theorem and the {last} test are in chapter {m}.
Reading {last}'s novel again. Much better than anything by {full}.
"I don't buy it," {last} muttered. {first} laughed. "Mom says you never do, {first}."
"{first}!" she cried. "{first}, come here!"
"Where's {first}?" asked {first}. Nobody had seen {first} since {day}.
{first} opened the door. {first} was waiting, and so was old {title} {last}.
good food, cold beer, what else do you need? our server {first} was a sweetheart and big {first} behind the bar makes a mean drink
our waitress {first} never came back. asked for the manager, {first}, who comped the dessert
{title} {last} and her assistant {first} are wonderful. I've been going there for {m} years. Ask for {first} if you're nervous!
BEWARE!!! {first} at {org} quoted me $400 and charged $900. When I asked for the owner ({first}), he hung up on me. {first} at {org} fixed it in an hour.
Best haircut in {city}. {first} really listens. Book early, she fills up fast.
{first} did my hair, {first} did my nails. Absolutely flawless. 5 Stars!!
Front desk clerk named {first} upgraded us to a King Suite. Kudos to Chef {first} for the dinner!
Customer Service ({first}) was great. Thank you {first}!!!
{first} came out on a {day} to fix our {thing}. God bless him.
I have used {first} for {m} years and would never go anywhere else.
{first} and his crew were on time. {first} explained everything, {first} cleaned up.
Had {first} as our guide. {first} knows everything about {city}.
We worked with {full} of {org} to sell our house. {first} was patient, {first}'s staff too.
{title} {last} is the best {job} in {city}. His staff ({first}, {first}) is friendly.
Stay away from {title} {last}! Rude, rushed, and never called back.
{first} the owner is rude. {first} the cook is a genius.
Don't let {first} touch your car.
The teacher, Ms. {last}, loves the kids; {first} loves going there. My other son {first} too.
I bought this {thing} for my daughter {first}. {org} delivered it on time.
My vet is {title} {last} at {org}. She saw our dog when {title} {last} was out.
props to {first} at the {city} store
s/o to {first} n {first} for the help
thank u {first} ur the best
{first} is such a sweetheart, ask for him!
{first}, {first} & the rest of the gang made us feel at home
Does anybody know {full}? He used to live in {city}, then moved to {country} with {first}.
My sister {first} says {first} cheated on {first}. What should I do?
my bf {first} and his ex {first} still talk
President {last} met Chancellor {last} in {city}; Senator {last} stayed home.
Secretary of State {full} said {last} would not resign.
{last} administration officials told {org} that {last} had known.
Gen. {full} and Lt. {last} were killed near {city}.
Sheikh {first} {last}, Ayatollah {last} and Rabbi {last} attended.
Police arrested {full}, {m}, of {city}. {last} was charged on {day}; his lawyer, {full}, had no comment.
<b>{full}</b> wrote:
{"assignee": {"displayName": "{full}"}, "reporter": "{full}", "summary": "{Camel} fails"}
INSERT INTO users (id, full_name, email) VALUES ({n}, '{full}', '{mail}');
<contact><name>{full}</name><tel>{phone}</tel><note>prefers {first}</note></contact>
employee:\n  given: {first}\n  family: {last}\n  desk: {n}
owner: {first} {last}\nreviewers:\n  - {full}\n  - {full}
{n},{first},{last},{street},{city},{n}
N:{last};{first};;;
[{date}] {full}: can you look at {code}?
{full} assigned this to {full} on {date}
@{handle} is {full}, right?
hi this is {first} calling regarding policy, my husband {first} {last} passed away and i need to update beneficiary to my son {first}
could u pls check for {first} al {last} and {first}
yeah its {first} and last name {last}
i spoke with {first} yesterday and she told me to ask for {first}
for {first} and {first}
book it for {first} {last} and {first} {last} please
{initial}. {last} to update the chart; {initial}. {last} - licenses.
Attendees: {initial}. {last}, {initial}. {last}, {initial}.{initial}. {last}
Action: {first} to call {initial}. {last} by {day}.
{initial}. {last} ({org}), {initial}. {last} ({org})
{first} to update the {thing}. {first} to follow up with {first}.
- {first}: order the {thing}\n- {first} + {first}: book the room\n- {initial}. {last}: budget
{first} - thx for the heads up re {first}. {first} will escalate to {first} in {city}.
Has anyone dealt with {full} at {brand}? My wife {first} and I are torn between her and {full}.
{first} & {first} are getting married! RSVP to Aunt {first}.
According to {last}, the tape is real. {last} denied it {day}; spokesman {full} declined comment.
{first}'s new number is on the fridge, Auntie {first} wrote it down. Tell Grandpa {first} too!
A tale by {last} is my favourite. {last} wrote it in {city}.
Familie {last} wohnt im Erdgeschoss, {first} im ersten Stock. Hier spricht {full}.
{first} und {first} sind im Urlaub, bitte frag {first}. Schönen Feierabend!
Herr {full}, unser Anwalt, hat Widerspruch eingelegt. {last} ist zuversichtlich.
Frau {last} am Empfang war freundlich, {first} in der Küche auch.
Ist {first} noch im Büro? {first} sucht den Schlüssel, und {first} braucht das {noun}.
{first} hat das {noun} von {first} in den {noun} gelegt.
Frag {first} nach dem {noun}, {first} hat die {noun}.
{first} et {first} n'ont pas reçu la facture. Ici {full} du service Comptabilité.
Ma fille {first} est en classe avec {first} et {first}. La maîtresse, Mme {last}, est absente.
Le garagiste, {first}, a réparé ma voiture. Le patron M. {last} aussi est sympa.
{first} est malade, demande à {first} ou à {first}.
{first} y {first} no han recibido el pedido. Soy {full} del departamento de Compras.
El fontanero, {first}, llegó el jueves. La jefa, doña {first}, muy amable.
{first} está de baja, pregúntale a {first} o a {first}.
Guten Tag {title} {last}, hier ist {full} von der {org}. Könnten Sie mich bitte zurückrufen?
Hallo {first}, kannst du Frau {last} bitte sagen, dass Herr {last} morgen erst um 14 Uhr kommt? Viele Grüße, {first}
Liebe {first}, lieber {first},\n\nvielen Dank für eure Nachricht. Wir sehen uns am Montag.\n\nHerzliche Grüße\n{first}
Sehr geehrte Damen und Herren,\n\nmein Name ist {full}, wohnhaft {addr}. Bitte senden Sie mir die Unterlagen zu.\n\nMit freundlichen Grüßen\n{full}
{first} aus der Buchhaltung hat die Rechnung von {full} noch nicht freigegeben.
Bitte überweisen Sie den Betrag an {full}, {addr}.
Patient: {full}, geb. {date}, Hausarzt Dr. {last}, {addr}
Frau {last} hat heute angerufen und möchte, dass {first} sie zurückruft.
Der Vertrag wurde von {full} unterschrieben, nicht von {last}.
ich heiße {first} {last} und meine adresse ist {addr}
Meine Tochter {first} und mein Sohn {first} gehen in dieselbe Schule wie {first}.
Laut {last} ist die Lieferung schon unterwegs. {first} und {first} wissen Bescheid.
Ansprechpartner: {full}, Telefon {phone}
{last}, {first}, geboren am {date} in {city}
gez. {last}
i. A. {full}
Der Kellner {first} war sehr nett, das Essen leider kalt.
Herr Prof. Dr. {last} operiert am Dienstag.
Bonjour {title} {last}, ici {full} de chez {org}. Pourriez-vous me rappeler ?
Salut {first}, tu peux dire à Mme {last} que M. {last} arrive à 14 h ? Bises, {first}
Chère {first}, cher {first},\n\nMerci pour votre message. À lundi !\n\nAmitiés,\n{first}
Mme {last} a appelé pour {first} ; merci de la rappeler. Cordialement, {full}
Je suis {full}, née le {date} à {city}. J'habite {addr}.
Adresse de livraison : M. {full}, {addr}
Le docteur {last} et son assistante {first} sont formidables.
Notre fille {first} et notre fils {first} sont dans la classe de {first}.
D'après {last}, la livraison est en route. {first} et {first} sont au courant.
salut c'est {first}, je voudrais annuler la commande de {first} {last}
Le contrat a été signé par {full}, pas par {last}.
Le serveur, {first}, était charmant ; la cuisine de {first} aussi.
Hola {first}, ¿puedes decirle a la Sra. {last} que el Sr. {last} llega a las 14? Un abrazo, {first}
Estimado Sr. {last}: le confirmo la cita con la Dra. {last} el martes. Un saludo, {first}
Soy {full}, con domicilio en {addr}. Mi marido se llama {first}.
me llamo {first} {last} y quiero cambiar mi vuelo
Según {last}, el pedido está en camino. {first} y {first} ya lo saben.
La camarera, {first}, fue muy amable; el cocinero {first} también.
El contrato lo firmó {full}, no {last}.
Nuestra hija {first} y nuestro hijo {first} van al colegio con {first}.
Buongiorno signora {last}, sono {full} di {org}. Può richiamarmi?
Gentile dott. {last}, le confermo l'appuntamento di martedì con la dott.ssa {last}. Cordiali saluti, {first}
Il cameriere {first} è stato gentilissimo, mia figlia {first} si è divertita.
mi chiamo {first} {last} e vorrei cambiare il volo
Bom dia Sra. {last}, aqui é {full} da {org}. Pode ligar-me?
O meu nome é {full}, moro em {addr}. A minha mulher chama-se {first}.
Segundo {last}, a encomenda está a caminho. {first} e {first} já sabem.
Goedemiddag mevrouw {last}, u spreekt met {full} van {org}.
Beste {first}, kun je tegen meneer {last} zeggen dat {first} later komt? Groetjes, {first}
Mijn naam is {full}, ik woon op {addr}.
Dzień dobry, nazywam się {full} i dzwonię z {org}. Czy mogę rozmawiać z panią {last}?
Pozdrawiam,\n{full}
Merhaba {first} Hanım, ben {full}. {first} Bey ile görüşebilir miyim?
Hej {first}, kan du säga till {first} att {last} kommer på torsdag? Hälsningar, {first}
"""  # noqa: RUF001  letters of other languages
NOBODY = r"""
Oh my God, it was 104 in {city} that day. Thank God for the air conditioning.
God gave us hands. God knows why. For God's sake, hurry up.
Jesus Christ, what a mess! Holy Mary! Good Lord, no.
Merry Christmas and a Happy New Year from all of us at {brand}!
The {brand} account, the {brand} app and the {brand} store are down.
I work at {brand} and bank with {brand}. {brand} shares fell.
Bought it at {brand}, returned it to {brand}. Never again, {brand}!
Lunch at {brand} or {brand}? {brand} is closed.
Deploy it with {brand}, then ask {brand} or {brand} to review the code.
{brand} is smarter than {brand}, and {brand} is dead.
Open a ticket for the Madison project, assign to {brand}, and deploy to the Jordan cluster.
An analyst at {brand} said the {brand} deal with {org} is off.
Paris is sunny, Florence is warm, Sydney is windy, Charlotte is cold and Austin is hot.
How is the weather in {city}? In {city} it is sunny, and in {city} it rains.
{myth} owns the {myth} service; {myth} is down and {myth} is slow.
The {myth} cluster runs {myth}, {myth} and {myth}. Restart {myth} on {day}.
Our guide told stories about {myth} and {myth}. The temple of {myth} is in {city}.
The {myth} chart, the {myth} test and a {myth} process are explained in chapter {m}.
{myth}'s law applies. It is a {myth} scheme. We took photos of {myth}.
My {myth} says it is allergies. Yes {myth}, of course.
The Victoria Line, Victoria Station, Lincoln Center, Madison Avenue and Martin Luther King Blvd are closed.
The new Rose Gold case and the Jade Green one are nice, the Ruby Red one is not.
Legal has the redline. Credit needs to sign off. Trading wants it by {day}. IT will reset it.
Our Lab, Biscuit, has allergies. Our cat, Muffin, does not.
Monday: Standup. Tuesday: Sprint Review. Wednesday: Design Critique with Marketing.
Total Cost of Ownership and Return On Investment attached. See the Term Sheet and the Master Agreement.
Net 30, Letter of Credit from Bank of America. Confidentiality Agreement to follow.
Subject: RE: Confidentiality Agreement - {org} Natural Gas
Subject: FW: Weekly Update - West Desk\nImportance: High
Dear Sir or Madam,\n\nPlease find attached our Invoice.\n\nYours faithfully,\nCustomer Care
Would you like to add Travel Insurance? Insurance costs {n} dollars. Travel dates and the Cabin Class can be changed.
Travel Insurance: yes\nBaggage: {m}\nBasic Economy: no
You have Health Insurance and Life Insurance with us; the Customer Portal and the Help Center are open.
To Whom It May Concern:\n\nThe Tenant shall pay the Landlord.\n\nSincerely,\nThe Management
Dear Valued Customer, your Gold Card is ready. Dear Hiring Manager, I am applying.
Hi there, Hi everyone, Hello all, Dear team, Hey guys,
Thanks in advance! Many thanks, Best regards, Kind regards, Talk soon, Cheers mate
Great Food! Great Service! Great Prices! Will Definitely Be Back!!
Worst. Pizza. Ever. Save Your Money. Do Not Go Here.
AMAZING PLACE, LOVE THE NACHOS, WILL BE BACK
Love this place! Best Thai in {city}. Try the Pad Thai, the Tom Yum and the Green Curry.
Mexican, Italian, Chinese and Indian food. Try the Caesar Salad, the Eggs Benedict and the Shirley Temple.
Very good experience with {org}. Fast, Friendly, Fair.
5 Stars for {org}. The Oil Change and Tire Rotation took {m} minutes.
The Staff is friendly, the Manager is not. The Chef knows his stuff.
Does anyone know a good vet, dentist or Italian restaurant in {city}?
What is the best way to train a Golden Retriever? My German Shepherd bites.
Can I bring my Kindle, iPad and Nintendo on the plane? Is Ryanair ok?
Which Harry Potter book is best? I like Star Wars, Star Trek and Lord of the Rings.
Mom said no. Dad said maybe. Grandma said yes. Aunt and Uncle too.
The Senate, the House, Congress, Parliament and the White House declined to comment.
Shiites, Sunnis and Kurds met in {city}. Muslims, Christians and Jews live there.
Democrats and Republicans, Labour and the Tories, the Taliban and Al Qaeda.
Iraq, Iran, Israel and {country} signed; the Europeans did not.
The {org} Hotel in {city} is next to the {org} Museum on {street}.
Room {n}, Building {m}, 5th floor. Meet in the lobby. Suite {n} is upstairs.
P.S. I Love You, Breakfast at Tiffany's, Thelma & Louise and Forrest Gump are films.
Internet Explorer, Adobe Acrobat, Norton Antivirus and Windows Vista are installed.
Honda Civic, Toyota Corolla, Ford Focus, Chevy Impala, Dodge Charger, Jeep Cherokee
Sehr geehrte Damen und Herren, anbei erhalten Sie die Rechnung. Sie können den Betrag bis Ende Mai überweisen.
Meine Steuer-ID lautet {n}, die IBAN steht auf der Rechnung. Sie erreichen mich unter {phone}.
Kannst du bitte das Paket abholen? Hast du Zeit? Wann kommst du? Weißt du Bescheid?
Viele Grüße aus {city}! Liebe Grüße, Beste Grüße, Mit freundlichen Grüßen, Herzliche Grüße, Schöne Grüße
Das Angebot gilt bis Ende Mai. Der Vertrag wurde am Montag unterschrieben; {city} bleibt Gerichtsstand.
Die Deutsche Bahn, die Deutsche Post, die Sparkasse und das Finanzamt haben am Freitag geschlossen.
Wo ist mein Paket? Die Sendungsnummer lautet {code}. Laut Status ist es im Zentrum {city}.
Ich möchte meinen Termin am Dienstag verschieben. Geht auch Mittwoch oder Donnerstag?
Der Arzt, die Ärztin, der Patient und die Patientin warten im Wartezimmer.
Bitte beachten Sie unsere Geschäftsbedingungen. Für Fragen stehen wir Ihnen gerne zur Verfügung.
Wir bitten um Ihr Verständnis. Ihre Bestellung wird in Kürze versandt. Ihr Team vom Kundenservice
Herr Ober, die Rechnung bitte! Meine Damen und Herren, liebe Kolleginnen und Kollegen,
Ich suche den {noun} am {noun}. Der {noun} liegt im {noun}, die {noun} beim {noun}.
Das {noun} wurde zum {noun} gebracht. Mit dem {noun} ins {noun}, ohne {noun}, für {noun} und {noun}.
Unser {noun} und Ihr {noun} sind im {noun}. Kein {noun}, kein {noun}. Schönen {noun}! Guten {noun}, Gute {noun}!
Nach dem {noun} kam die {noun}. Vor der {noun} stand ein {noun}. Wegen des {noun}s gibt es {noun}.
Super {noun}, die {noun} war gut, nur der {noun} fehlte. Gerne wieder! Sehr zu empfehlen!
Die {noun} hat den {noun} abgelehnt. {noun}: {n} Euro. {noun} und {noun} inklusive.
{noun} im {noun}, {noun} am {noun}, {noun} zur {noun}
wo ist der {noun} und wann öffnet die {noun}
Der Himmel ist blau, der Wald ist grün, die Sonne scheint und der Wolf heult.
Das Passwort wurde geändert. Der Benutzer ist gesperrt. Die Anmeldung ist fehlgeschlagen.
Kundennummer: {n}\nRechnungsnummer: {n}\nBetrag: {n} Euro\nVerwendungszweck: Miete {month}
Ich hätte gern zwei Brötchen, einen Kaffee, ein Stück Kuchen und den Schlüssel für Zimmer {m}.
wann fährt der nächste zug nach {city} und was kostet die fahrkarte
mein internet geht seit gestern nicht mehr, bitte um hilfe
Gestern war Sonntag, heute ist Montag, morgen ist Dienstag. Im Januar schneit es, im August nicht.
Der Vorstand, der Aufsichtsrat und der Betriebsrat der {org} haben zugestimmt.
Bonjour, le train pour {city} part à 8h30. La Poste et la SNCF sont en grève lundi ; le musée est fermé.
Je vous remercie de votre réponse. Veuillez agréer, Madame, Monsieur, mes salutations distinguées.
Bien à vous, Bien cordialement, À bientôt, Bonne journée, Merci d'avance, Cher client, Chère cliente
Où est mon colis ? Le numéro de suivi est {code}. D'après le site, il est à {city}.
Je voudrais déplacer mon rendez-vous de mardi. Mercredi ou jeudi, c'est possible ?
Le médecin, la patiente, le directeur et la directrice sont arrivés lundi matin.
La carte d'identité, le passeport et le permis de conduire sont expirés. Le mot de passe aussi.
Numéro de client : {n}\nMontant : {n} euros\nObjet : loyer de {month}
Le Monde, Le Figaro et Libération en parlent. Le Tour de France arrive à {city} samedi.
le musée est fermé le lundi, la mairie aussi, et la piscine ouvre à neuf heures
bonjour je n'arrive plus à me connecter, pouvez-vous m'aider s'il vous plaît
Le ciel est bleu, la mer est calme, les olives sont vertes et la rose est rouge.
Hier c'était dimanche, aujourd'hui c'est lundi, demain mardi. En janvier il neige, en août non.
J'ai acheté du pain, du fromage de Brie, une bouteille de Bordeaux et une quiche lorraine.
La {org} et la {org} ont signé vendredi à {city}.
Hola, el tren a {city} sale a las 8:30. Correos y Renfe están en huelga el lunes; el museo está cerrado.
Muchas gracias por su respuesta. Reciba un cordial saludo. Atentamente, El equipo de Atención al Cliente
¿Dónde está mi paquete? El número de seguimiento es {code}. Según la web está en {city}.
Quiero cambiar mi cita del martes. ¿Puede ser el miércoles o el jueves?
El médico, la paciente, el director y la directora llegaron el lunes por la mañana.
Estimado cliente, su tarjeta está lista. Estimada clienta, su pedido llegará el viernes.
El Corte Inglés, la Agencia Tributaria y la Seguridad Social no responden.
hola buenas no puedo entrar en mi cuenta me pueden ayudar por favor
El cielo es azul, la rosa es roja, el mar está tranquilo y la paz es posible.
Ayer fue domingo, hoy es lunes, mañana martes. En enero nieva, en agosto no.
El Hospital Clínico, la Universidad Complutense y el Ayuntamiento de {city} firmaron el acuerdo.
Buongiorno, il treno per {city} parte alle 8:30. Le Poste sono in sciopero lunedì; il museo è chiuso.
Grazie mille per la risposta. Cordiali saluti, Il servizio clienti. Gentile cliente, la sua carta è pronta.
Vorrei spostare l'appuntamento di martedì. Va bene mercoledì o giovedì?
ciao non riesco ad accedere al mio conto potete aiutarmi per favore
Bom dia, o comboio para {city} parte às 8:30. Os Correios estão em greve na segunda-feira.
Muito obrigado pela resposta. Com os melhores cumprimentos, Apoio ao Cliente
Quero mudar a minha consulta de terça-feira. Pode ser quarta ou quinta?
Goedemorgen, de trein naar {city} vertrekt om 8.30 uur. Het museum is maandag gesloten.
Met vriendelijke groet, Hartelijk dank, Tot ziens, Fijne dag, Geachte heer of mevrouw, Beste klant
Ik wil mijn afspraak van dinsdag verzetten. Kan het ook op woensdag of donderdag?
Dzień dobry, pociąg do {city} odjeżdża o 8:30. Muzeum jest w poniedziałek zamknięte. Dziękuję bardzo.
Hej, tåget till {city} går 8.30. Museet är stängt på måndag. Med vänliga hälsningar, Kundtjänst
Merhaba, {city} treni 8.30'da kalkıyor. Müze pazartesi günü kapalı. Teşekkür ederim, iyi günler.
"""  # noqa: RUF001  letters of other languages
_LOREM = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "cs_CZ", "da_DK")


def listed(lines: str) -> list[str]:
    """The names of BRANDS or MYTHS."""
    return [name for line in lines.split("\n") for name in line.split("|") if name]


def nouns(rng: random.Random) -> list[str]:
    """Nouns of German, which are written in capitals: Faker's, and others put together from them as the language does."""
    plain = [word for word in foreign_words()["de_DE"] if word[0].isupper()]
    ends = (
        "ung",
        "heit",
        "keit",
        "schaft",
        "amt",
        "stelle",
        "gericht",
        "zeit",
        "haus",
        "platz",
        "kosten",
        "vertrag",
        "nummer",
        "dienst",
    )
    made = [
        rng.choice(plain) + rng.choice(("", "s", "n")) + rng.choice((rng.choice(plain).lower(), *ends))
        for _ in range(1500)
    ]
    return plain * 6 + made


@functools.cache
def foreign_words() -> dict[str, list[str]]:
    """Words of prose by locale: those of Faker's fillers."""
    from faker import Faker

    found: dict[str, list[str]] = {}
    for locale in _LOREM:
        fake: Any = Faker(locale)
        provider = next(p for p in fake.get_providers() if "lorem" in p.__class__.__module__)
        found[locale] = sorted(word for word in provider.word_list if word.isalpha())
    return found


def foreign(rng: random.Random) -> str:
    """A sentence of words of one language that means nothing and names nobody."""
    locale = rng.choice(_LOREM)
    words = [rng.choice(foreign_words()[locale]) for _ in range(rng.randint(4, 14))]
    words[0] = words[0][0].upper() + words[0][1:]
    return " ".join(words) + rng.choice(".?!,")
