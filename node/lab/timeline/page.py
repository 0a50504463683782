"""The page of a timeline: style, body and script. Text of a run reaches the page as text only, never as markup."""

STYLE = """
:root{--back:#fff;--ink:#1c2430;--soft:#667085;--line:#d5dae2;--panel:#f5f6f8;--message:#8a94a6;--proposal:#2563a8;
--vote:#5a9e3a;--timeout:#c76a12;--commit:#14804a;--certificate:#7a4fb5;--fault:#c22f2f;--alarm:#c22f2f;
--log:#8a6d1f;--pick:#d6006c}
@media (prefers-color-scheme:dark){:root{--back:#14181f;--ink:#e4e8ee;--soft:#98a2b3;--line:#333b47;--panel:#1d232c;
--message:#77839a;--proposal:#6aa9ec;--vote:#86cf63;--timeout:#f0a04b;--commit:#45c486;--certificate:#b393ea;
--fault:#ff7b72;
--alarm:#ff7b72;--log:#d8b24a;--pick:#ff6db6}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:14px/1.45 system-ui,sans-serif;height:100vh;display:flex;
flex-direction:column}
header,footer{padding:8px 14px}
h1{font-size:16px;margin:0;display:inline}
header p{margin:2px 0 0;color:var(--soft);font-size:13px}
main{flex:1;display:flex;min-height:0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
canvas{flex:1;min-width:0;width:0;height:100%;outline-offset:-2px;touch-action:none}
aside{width:360px;overflow:auto;background:var(--panel);border-left:1px solid var(--line);padding:10px 12px}
aside h2{font-size:14px;margin:0 0 4px}
pre{font:12px/1.4 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0 0}
footer{display:flex;gap:10px;align-items:center;flex-wrap:wrap}
input[type=range]{flex:1;min-width:160px}
button{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:4px;
padding:2px 9px}
label{display:inline-flex;gap:4px;align-items:center;font-size:13px}
.key{display:inline-block;width:10px;height:10px;border-radius:2px}
@media (max-width:700px){main{flex-direction:column}canvas{width:100%;height:60%;flex:none}aside{width:auto;flex:1}}
"""

BODY = """
<header><h1 id="title"></h1> <span id="when"></span>
<p>Drag or scroll to move, Ctrl and scroll or + and - to zoom, left and right to step, click an event to see it.</p>
<p id="notes"></p></header>
<main><canvas id="plot" tabindex="0" role="img" aria-label="messages and events by validator and time"></canvas>
<aside aria-live="polite"><h2 id="name">Nothing chosen</h2><div id="about"></div><pre id="text"></pre></aside></main>
<footer><button id="back" type="button">&#9664; step</button><button id="next" type="button">step &#9654;</button>
<button id="in" type="button">zoom in</button><button id="out" type="button">zoom out</button>
<button id="all" type="button">all</button>
<input id="time" type="range" min="0" max="10000" value="0" aria-label="time"><span id="kinds"></span></footer>
"""

SCRIPT = r"""
"use strict";
const data=JSON.parse(document.getElementById("data").textContent);
const id=name=>document.getElementById(name),plot=id("plot"),pen=plot.getContext("2d");
const [AT,LANE,KIND,NAME,TEXT,END,TO]=[0,1,2,3,4,5,6],LEFT=96,TOP=30;
const last=data.marks.reduce((most,m)=>Math.max(most,m[AT],m[END]),1);
const longest=data.marks.reduce((most,m)=>Math.max(most,m[END]-m[AT]),0);
const kinds=[...new Set(data.marks.map(group))].sort(),hidden=new Set();
const NAMES=["back","ink","soft","line","message","proposal","vote","timeout","commit","certificate","fault","alarm",
 "log","pick"];
let from=0,span=Math.min(last,300000),chosen=-1,colours={};
function group(m){return m[KIND]==="message"?(["proposal","vote","timeout"].includes(m[NAME])?m[NAME]:"message"):
 m[KIND]==="violation"?"fault":m[KIND]}
function readColours(){const style=getComputedStyle(document.documentElement);
 for(const name of NAMES)
  colours[name]=style.getPropertyValue("--"+name).trim()}
function ms(us){return (us/1000).toFixed(us<100000?2:1)+" ms"}
function x(us){return LEFT+(us-from)/span*(plot.clientWidth-LEFT-12)}
function y(lane){const room=(plot.clientHeight-TOP-20)/(data.lanes.length+.5);return TOP+room*(lane+1)}
function first(us){let low=0,high=data.marks.length;while(low<high){const at=(low+high)>>1;
 if(data.marks[at][AT]<us)low=at+1;else high=at}return low}
function visible(see){const end=from+span;for(let at=first(from-longest);
 at<data.marks.length&&data.marks[at][AT]<=end;at++){
 const m=data.marks[at];if(!hidden.has(group(m))&&Math.max(m[AT],m[END])>=from)see(m,at)}}
function grid(){const steps=[];for(let ten=1;ten<1e12;ten*=10)steps.push(ten,2*ten,5*ten);
 const step=steps.find(s=>span/s<=Math.max(2,plot.clientWidth/110))||1e12;pen.fillStyle=colours.soft;
 pen.strokeStyle=colours.line;
 pen.textAlign="center";for(let at=Math.ceil(from/step)*step;at<=from+span;at+=step){pen.beginPath();
 pen.moveTo(x(at),TOP-6);
 pen.lineTo(x(at),plot.clientHeight);pen.stroke();pen.fillText(span>2e6?(at/1e6)+" s":(at/1000)+" ms",x(at),TOP-12)}}
function draw(){const scale=devicePixelRatio||1,w=plot.clientWidth,h=plot.clientHeight;
 if(plot.width!==Math.round(w*scale)||plot.height!==Math.round(h*scale)){plot.width=Math.round(w*scale);
 plot.height=Math.round(h*scale)}
 pen.setTransform(scale,0,0,scale,0,0);pen.fillStyle=colours.back;pen.fillRect(0,0,w,h);
 pen.font="12px system-ui,sans-serif";
 pen.lineWidth=1;grid();pen.save();pen.beginPath();pen.rect(LEFT-6,0,w-LEFT+6,h);pen.clip();
 const many=Math.min(1,60*Math.max(w,1)/Math.max(1,count())/40+.25);
 visible((m,at)=>{if(m[KIND]!=="message")return;pen.globalAlpha=at===chosen?1:many;arrow(m,at===chosen)});
 pen.globalAlpha=1;
 visible((m,at)=>{if(m[KIND]!=="message")sign(m,at===chosen)});pen.restore();lanes(w);slide()}
function count(){let n=0;visible(()=>n++);return n}
function lanes(w){pen.textAlign="left";data.lanes.forEach((name,lane)=>{pen.strokeStyle=colours.ink;
 pen.globalAlpha=.5;pen.beginPath();
 pen.moveTo(LEFT-6,y(lane));pen.lineTo(w,y(lane));pen.stroke();pen.globalAlpha=1;pen.fillStyle=colours.back;
 pen.fillRect(0,y(lane)-9,LEFT-8,18);
 pen.fillStyle=colours.ink;pen.fillText(name.slice(0,14),8,y(lane)+4)});pen.fillStyle=colours.soft;
 pen.fillText("network",8,y(-.55)+4)}
function arrow(m,picked){const x0=x(m[AT]),y0=y(m[LANE]),x1=x(m[END]),y1=y(m[TO]);
 pen.strokeStyle=pen.fillStyle=picked?colours.pick:colours[group(m)];
 pen.lineWidth=picked?2.5:1.2;pen.beginPath();
 if(m[LANE]===m[TO]){pen.arc((x0+x1)/2,y0,Math.max(3,(x1-x0)/2),Math.PI,0);pen.stroke();return}
 pen.moveTo(x0,y0);pen.lineTo(x1,y1);pen.stroke();const turn=Math.atan2(y1-y0,x1-x0);pen.beginPath();
 pen.moveTo(x1,y1);
 pen.lineTo(x1-8*Math.cos(turn-.35),y1-8*Math.sin(turn-.35));
 pen.lineTo(x1-8*Math.cos(turn+.35),y1-8*Math.sin(turn+.35));pen.fill()}
function place(m){return [x(m[AT]),y(m[LANE]<0?-.55:m[LANE])]}
function sign(m,picked){const [px,py]=place(m),g=group(m);pen.fillStyle=picked?colours.pick:colours[g];
 pen.beginPath();
 if(g==="commit")pen.rect(px-4,py-11,8,8);else if(g==="certificate"){pen.moveTo(px,py-6);pen.lineTo(px+6,py);
 pen.lineTo(px,py+6);pen.lineTo(px-6,py)}
 else if(g==="log")pen.arc(px,py+7,3,0,7);else{pen.moveTo(px,py+3);pen.lineTo(px+6,py+13);pen.lineTo(px-6,py+13)}
 pen.fill();
 if(span<400000&&g==="commit"){pen.textAlign="center";const name=m[NAME].replace("height ","h ");
 pen.strokeStyle=colours.back;pen.lineWidth=4;pen.strokeText(name,px,py-15);pen.fillText(name,px,py-15)}}
function slide(){id("time").value=Math.round(10000*from/Math.max(1,last-span));
 id("when").textContent=ms(from)+" to "+ms(from+span)+" of "+ms(last)}
function move(us){from=Math.max(0,Math.min(us,Math.max(0,last-span)));draw()}
function zoom(by,at){const point=at===undefined?from+span/2:at;const wide=Math.max(50,Math.min(last,span*by));
 from=point-(point-from)*wide/span;span=wide;move(from)}
function choose(at){chosen=at;const m=data.marks[at];if(!m){return}id("name").textContent=m[NAME];
 const where=m[LANE]<0?"network":data.lanes[m[LANE]]||"";id("about").textContent=m[KIND]==="message"?
 where+" to "+data.lanes[m[TO]]+", "+ms(m[AT])+" to "+ms(m[END]):m[KIND]+", "+where+", "+ms(m[AT]);
 id("text").textContent=m[TEXT]>=0?data.texts[m[TEXT]]:"";if(m[AT]<from||m[AT]>from+span)move(m[AT]-span/2);
 else draw()}
function step(by){let at=chosen<0?first(from)-(by>0?1:0):chosen;do at+=by>0?1:-1;
 while(data.marks[at]&&hidden.has(group(data.marks[at])));
 if(data.marks[at])choose(at)}
function near(px,py){let best=-1,least=12;visible((m,at)=>{let d;if(m[KIND]==="message"){
 const x0=x(m[AT]),y0=y(m[LANE]),dx=x(m[END])-x0,dy=y(m[TO])-y0;
 const t=Math.max(0,Math.min(1,((px-x0)*dx+(py-y0)*dy)/(dx*dx+dy*dy||1)));d=Math.hypot(px-x0-t*dx,py-y0-t*dy)+2}
 else{const p=place(m);d=Math.hypot(px-p[0],py-p[1])/1.4}if(d<least){least=d;best=at}});return best}
let held=null;
plot.addEventListener("pointerdown",e=>{held=[e.offsetX,from,false];plot.setPointerCapture(e.pointerId)});
plot.addEventListener("pointermove",e=>{if(!held)return;if(Math.abs(e.offsetX-held[0])>3)held[2]=true;
 if(held[2])move(held[1]-(e.offsetX-held[0])/(plot.clientWidth-LEFT-12)*span)});
plot.addEventListener("pointerup",e=>{if(held&&!held[2])choose(near(e.offsetX,e.offsetY));held=null});
plot.addEventListener("wheel",e=>{e.preventDefault();const at=from+(e.offsetX-LEFT)/(plot.clientWidth-LEFT-12)*span;
 if(e.ctrlKey||e.metaKey)zoom(e.deltaY>0?1.25:.8,at);else move(from+(e.deltaX||e.deltaY)/800*span)},{passive:false});
document.addEventListener("keydown",e=>{if(e.target.tagName==="INPUT"&&e.key!=="+"&&e.key!=="-")return;
 const act={ArrowRight:()=>step(1),ArrowLeft:()=>step(-1),"+":()=>zoom(.5),"=":()=>zoom(.5),"-":()=>zoom(2),
 PageDown:()=>move(from+span*.8),PageUp:()=>move(from-span*.8),Home:()=>move(0),End:()=>move(last)}[e.key];if(act){
 e.preventDefault();act()}});
id("time").addEventListener("input",e=>move(e.target.value/10000*Math.max(0,last-span)));
id("back").addEventListener("click",()=>step(-1));id("next").addEventListener("click",()=>step(1));
id("in").addEventListener("click",()=>zoom(.5));id("out").addEventListener("click",()=>zoom(2));
id("all").addEventListener("click",()=>{from=0;span=last;draw()});
for(const kind of kinds){
 const label=document.createElement("label"),box=document.createElement("input"),key=document.createElement("i");
 box.type="checkbox";box.checked=true;key.className="key";
 label.append(box,key,kind==="message"?"other messages":kind);id("kinds").append(label);
 box.addEventListener("change",()=>{if(box.checked)hidden.delete(kind);else hidden.add(kind);draw()});
 label.dataset.kind=kind}
function paint(){readColours();
 for(const label of id("kinds").children)label.children[1].style.background=colours[label.dataset.kind];draw()}
id("title").textContent=data.title;id("notes").textContent=data.notes.join(" ");
new ResizeObserver(draw).observe(plot);matchMedia("(prefers-color-scheme:dark)").addEventListener("change",paint);
const hash=/^#at=(\d+),span=(\d+)(?:,event=(\d+))?$/.exec(location.hash);if(hash){from=+hash[1];
 span=Math.max(50,+hash[2])}
paint();if(hash&&hash[3])choose(+hash[3]);
"""
