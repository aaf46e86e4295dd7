"""Bounces that are no report of RFC 3464: known by who sends them, what they are called and how they begin.

Each alone lies now and then: a person writes from postmaster@, answers or forwards a bounce, or asks about one. So two
must agree, and what is an answer or forward by its subject is none. Linear: only the beginning of a text is looked at.
"""

import re

BEGINNING = 2000
"""Characters of a text that are looked at."""
_FIRST_LINES = 3
_LONGEST_SUBJECT = 300
_LONGEST_LOCAL_PART = 100
_NO_WORD = " \t*[](){}<>!?#=-_.:;,'\""

_DAEMON = re.compile(r"\W*(?:mail(?:er)?[-_.]?daemon|mdaemon|mail[-_.]delivery[-_.](?:sub)?system)\W*", re.I)
_MACHINE = re.compile(
    r"\W*(?:post-?master(?:\W.*)?|system[-_.]?administrator|ndr|bounces?|microsoftexchange[0-9a-f]{8,}"
    r"|mail[-_.]?system|imss"
    r"|[\w.-]*(?:_smtp_|mail_service|mailserver|mail-?gateway)[\w.-]*)\W*",
    re.I,
)
_MACHINE_NAME = re.compile(
    r"(?:internet )?(?:mail|e-?mail|message)? ?(?:delivery|daemon) ?(?:sub)?system|mail(?:er)?[ -]daemon"
    r"|delivery subsystem"
    r"|system ?administrator|postmaster|microsoft outlook|e?mail system|systemadministratör|jetmail system"
    r"|mail administrator|microsoft exchange",
    re.I,
)
_EMPTY = re.compile(r"[\W\d_]*+(?:content-(?:type|transfer-encoding|description|disposition):.*)?", re.I)
"""No word, or what is left of a mail's structure where it is broken."""
_ANSWER = re.compile(r"\s*(?:re|sv|vs|aw|antw|fwd?|vb|vl|wg|tr|rv|videresendt)(?:\[\d+\])?\s*:", re.I)

_SUBJECT = re.compile(
    r"(?:postmaster\]\s*)?(?:"
    r"(?:undeliver(?:able|ed)|unzustellbar|oleverbar\w*|ej levererbar\w*|går inte att leverera|kan inte levereras"
    r"|uleverbar\w*|kan ikke leveres|ikke levert|ulevert|ikke leveret|toimittamaton|ei voitu toimittaa"
    r"|non[- ]?deliver(?:y|able)"
    r"|não foi possível|non remis|no se puede entregar|niet bestelbaar|onbestelbaar|impossibile recapitare"
    r"|nelze doručit)\b"
    r"|(?:(?:e-?)?mail|message|email) (?:delivery )?(?:problem|fail(?:ure|ed)?|error|warning|status"
    r"|could not be delivered"
    r"|not delivered|undeliverable|transaction failed|delivery (?:fail(?:ed|ure)|status|notification|problem|error"
    r"|warning))"
    r"|delivery (?:status notification|has (?:failed|been delayed)|(?:notification|report)\b|(?:failure|failed"
    r"|delayed|problem"
    r"|error|warning|incomplete))|(?:permanent|temporary) delivery (?:failure|error)|failure (?:notice|delivery)"
    r"|failed (?:mail|delivery)|returned (?:e-?)?mail|returning (?:mail|message)|(?:e-?)?mail (?:failed|returned"
    r"|error|system error)"
    r"|delayed (?:e-?)?mail|warning:? (?:(?:could not send )?message|e?mail|[^\s@]{1,64}@[^\s@]{1,255})"
    r"|processing error"
    r"|message (?:you sent )?(?:blocked|delayed"
    r"|rejected|status|delivery)|your (?:message|mail|e-?mail) (?:to \S+ )?(?:could not|couldn't|was not|has not)"
    r"|automatically rejected mail|nondeliverable|leveransfel|leveransmeddelande|leveransrapport"
    r"|leverans(?:en)? (?:försena\w*|misslyckades)"
    r"|meddelande om leveransstatus"
    r"|leveringsfeil|leveringsfejl|leveringsstatus|varsel om leveringsstatus|meddelelse om leveringsstatus"
    r"|postin toimitus"
    r"|viestin toimitus|toimitusilmoitus|unzustellbare|zustellung|benachrichtigung (?:zum|über den) zustell"
    r"|rejected[: ]"
    r"|e?mail rejected|recipient (?:unknown|rejected)|user unknown|unknown (?:user|recipient)|not delivered"
    r"|ваше сообщение не доставлено"
    r"|недоставленное|échec|notification d.échec|devolución|error de entrega|mancata consegna|returned to sender"
    r"|original message lost"
    r")",
    re.I,
)
_SUBJECT_END = re.compile(
    r"(?:\((?:delivery failed|undeliverable|failure|not delivered)\)|non remis.*|user unknown!?|returned to sender"
    r"|returning (?:message )?to sender|could not be delivered\.?|message undeliverable)\s*$",
    re.I,
)
_BEGINS = re.compile(
    r"(?:this (?:is (?:the|an?) (?:[\w.&()-]+ ){0,8}?(?:program|mail (?:system|agent|delivery agent|server)"
    r"|automatic(?:ally)?[- ]generated"
    r" (?:delivery status|message from)|delivery (?:failure|status)|machine generated message|message (?:from"
    r"|generated)"
    r"|automated message created by|advisory-only email)|(?:message|report) (?:was|has been) (?:created"
    r"|generated) automatically"
    r"|e?-?mail (?:system|message) (?:could|was|is)|(?:e-?mail|message|mail) (?:was|is|could not be) undeliver)"
    r"|hi\. th(?:is|e) (?:is the |mta )|(?:i'm|i am|we're|we are) (?:afraid|sorry)|sorry,? (?:\S+ )?(?:we were "
    r"|i was )?(?:unable|your mail)"
    r"|your (?:message|mail|e-?mail)s?\b.{0,120}?(?:could not|couldn't|cannot|can't|did not|didn't|was not|wasn't"
    r"|has not|has encountered|not be)"
    r"|(?:mail |message )?delivery (?:to|of|has|failed|failure|error|for)|your message\s*$|message (?:from|log|to"
    r"|couldn't|could not|not)\b"
    r"|an? (?:message|error|e-?mail|mail) (?:that )?(?:you|was detected|occurred)"
    r"|(?:the|attached|following|original|one or more|some|could)\b.{0,80}?(?:undeliver|recipient|deliver"
    r"|original message was received|address|failed|returned)"
    r"|undeliver(?:able|ed)|unable to deliver|unknown user|invalid final delivery|user(?:'s)? (?:unknown|mailbox"
    r"|account)|failed recipient"
    r"|the (?:mail|message|e-?mail|following|original|attached|recipient)|intended recipient|mailenable"
    r"|mail (?:delivery )?failed"
    r"|-+ ?(?:failed|returned|the following|the transcript|message not delivered|non-delivery|error detail)"
    r"|\*+ ?(?:message from|votre message)|you sent mail to|address (?:unknown|not found)|reporting-mta|recipient:"
    r"|action: failed"
    r"|the email (?:account|address|below)|unfortunately|permanent error|[^\s@]{1,64}@[^\s@]{1,255} ?(?:- |\.\.\. ?"
    r"|: )?(?:no such|user"
    r"|unknown|not|over|quota|host)"
    r"|ditt meddelande|meddelandet|leveransen|leverans till|e-postmeddelandet|din (?:melding|besked|meddelelse|e-post)"
    r"|meldingen|beskeden|meddelelsen|levering|leveringen|viesti|viestiä|viestin|toimitus|ihre nachricht"
    r"|die (?:nachricht|folgende)"
    r"|ваше|к сожалению|邮件|su mensaje|el mensaje|votre message|il messaggio|sua mensagem|jag (?:är ledsen|beklagar)"
    r"|this message (?:was created|is in mime)|failed to deliver|non-delivery|we (?:were unable|could not)|(?:host"
    r"|domain|mailbox) "
    r"|in response to your message|remote host|requested action)",
    re.I,
)
_SPEAKS = re.compile(
    r"\W*(?:(?:the )?(?:following |attached )?(?:message|mail|e-?mail) (?:from inter|was created|could not be"
    r"|couldn't be)|your (?:message|mail|e-?mail)\b"
    r"|this (?:message was created|is an? (?:automat|delivery|machine))|failed recipient|non-delivery report"
    r"|returned mail"
    r"|could not deliver|delivery (?:has failed|to the following|failed)|votre message|unable to deliver|undeliverable"
    r"|ditt meddelande|din melding|din meddelelse|din besked|viesti)",
    re.I,
)
_WHOM = re.compile(
    r"[^\s<>@]{1,64}@[\w.-]{1,255}[\"'>)]{0,3}[ \t]*:?$|\b5[0-5]\d[ -]|\b[45]\.\d\.\d{1,3}\b|rcpt to:", re.I | re.M
)
_TELLING = re.compile(
    r"(?:could(?: not|n't)|cannot|can't|unable to|failed to|did not|not) (?:be )?(?:deliver|reach)|undeliver"
    r"|deliver\w* (?:fail|problem"
    r"|error|status|attempt|delay)|(?:permanent|fatal|temporary)\w* (?:delivery )?(?:error|fail)|(?:user|recipient"
    r"|mailbox|address|host|domain)\S{0,2}"
    r" (?:\S+ )?(?:unknown|not (?:found|exist|recogni|listed)|unavailable|rejected|full|does(?: not|n't) exist)"
    r"|unknown (?:user|recipient|host)"
    r"|no such (?:user|recipient|mailbox|host)|over ?quota|quota (?:exceeded|violation)|\b[45]\.\d\.\d{1,3}\b"
    r"|\b5[0-5]\d[ -]\S|returned to (?:sender|you)"
    r"|kunde inte levereras|kan inte levereras|gick inte att leverera|kunne ikke leveres|kan ikke leveres"
    r"|ei voitu toimittaa|ei voida toimittaa"
    r"|konnte nicht zugestellt|не может быть доставлено|невозможно доставить|无法发送|not valid user|isn't a valid user"
    r"|no se puede entregar"
    r"|not a valid|has been delayed|not yet been delivered|original message follows|too many hops|mail box space"
    r"|postponed due",
    re.I,
)


def is_one(sender: str, name: str, subject: str, text: str, *, null_path: bool, carries_mail: bool) -> bool:
    """`null_path`: its envelope names no sender; `carries_mail`: it brings a mail or the headers of one along."""
    local = (sender.rpartition("@")[0] or sender)[:_LONGEST_LOCAL_PART]
    daemon = bool(_DAEMON.fullmatch(local or name[:_LONGEST_LOCAL_PART]))
    if daemon:
        return True
    beginning, subject = text[:BEGINNING], subject[:_LONGEST_SUBJECT].strip()
    named = bool(_SUBJECT.match(subject.lstrip(_NO_WORD)) or _SUBJECT_END.search(subject))
    machine = null_path or not local or bool(_MACHINE.fullmatch(local))
    machine = machine or bool(_MACHINE_NAME.fullmatch(name.strip()[:_LONGEST_LOCAL_PART]))
    if not (named or machine):
        return False
    if _ANSWER.match(subject) and not (null_path or _SUBJECT_END.search(subject)):
        return False
    lines = [line.strip() for line in beginning.split("\n") if not _EMPTY.fullmatch(line)][:_FIRST_LINES]
    if machine:
        begins = any(_BEGINS.match(line.lstrip("*#|-=~ ")) or _BEGINS.match(line) for line in lines)
        return (named and (begins or carries_mail)) or (begins and bool(_TELLING.search(beginning)))
    # Anybody's address: the program itself must speak, in its first line, and name whom it couldn't reach.
    if not named or not lines or not _SPEAKS.match(lines[0]):
        return False
    return bool(_TELLING.search(beginning)) and (carries_mail or bool(_WHOM.search(beginning)))
