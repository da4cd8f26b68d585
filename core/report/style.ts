/** The page's looks. Colours meet WCAG AA on their grounds in both schemes; the tests hold them to it with axe. */
export const style = `
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#1a1f26;--muted:#57606b;--line:#d9dee5;--soft:#eef1f4;--link:#0550ae;
--good:#0f6b2f;--good-ground:#dff5e5;--bad:#b3122c;--bad-ground:#ffe9ea;--unknown:#7a4b00;--unknown-ground:#fff1cf;--neutral:#4a5563;--neutral-ground:#e8ecf1}
@media (prefers-color-scheme:dark){:root{--ground:#0d1014;--card:#161b21;--text:#e8edf2;--muted:#a0aab6;--line:#2e353e;--soft:#1f262e;--link:#79b8ff;
--good:#63d684;--good-ground:#10301b;--bad:#ff9a9a;--bad-ground:#3d1518;--unknown:#ecc15a;--unknown-ground:#372806;--neutral:#b3bdc9;--neutral-ground:#262e37}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:break-word}
.banner,.path li,.reason,.why,dd{overflow-wrap:anywhere}
p,dl,dd,ol{margin:0}h1,h2,h3{line-height:1.25;margin:0}
code{font:.9em/1.4 ui-monospace,"Cascadia Code","SF Mono",Menlo,Consolas,monospace}
a{color:var(--link)}a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
.muted,.when,.origin{color:var(--muted);font-size:.87rem;font-weight:400}time{white-space:nowrap}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.inner,main{max-width:1120px;margin:0 auto;padding:0 24px}
.banner{border-bottom:1px solid var(--line);border-top:6px solid var(--tone);background:linear-gradient(var(--tone-ground),var(--card) 90%)}
.banner .inner{display:flex;gap:18px;padding-top:24px;padding-bottom:22px}
.banner .inner>.sign{width:52px;height:52px;margin-top:6px}
.kicker{font-weight:600;color:var(--muted)}
h1{font-size:2rem;letter-spacing:-.01em}
.banner .reason{font-size:1.08rem;margin:4px 0 8px;max-width:85ch}
.good{--tone:var(--good);--tone-ground:var(--good-ground)}.bad{--tone:var(--bad);--tone-ground:var(--bad-ground)}
.unknown{--tone:var(--unknown);--tone-ground:var(--unknown-ground)}.neutral{--tone:var(--neutral);--tone-ground:var(--neutral-ground)}
.sign{flex:none;width:16px;height:16px;fill:var(--tone);stroke:var(--card);stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.sign path{fill:none}.sign circle{stroke:none}
.badge{display:inline-flex;align-items:center;gap:6px;padding:1px 10px 1px 4px;border-radius:999px;background:var(--tone-ground);color:var(--tone);font-weight:600;font-size:.87rem;white-space:nowrap}
.badge .sign{stroke:var(--tone-ground)}
section{margin:28px 0}h2{font-size:1.15rem;margin-bottom:10px}h3{font-size:1.02rem}
.path{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:10px}
.path li>div{min-width:0}.path li{display:flex;gap:10px;background:var(--card);border:1px solid var(--line);border-top:3px solid var(--tone);border-radius:8px;padding:10px 12px}
.path .sign{width:20px;height:20px;margin-top:2px}.path .word{color:var(--tone);font-weight:600}.path p{font-size:.87rem}.path .when{margin-left:-30px;padding-top:4px}.path .when a{display:block}.path .when .dot{display:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin-bottom:14px}
.card>header{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:center}
.card .reason{margin:6px 0 2px}.card .when{margin-bottom:8px}
.scroll{overflow-x:auto;position:relative}
section>.scroll{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:4px 18px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:9px 18px 9px 0;border-bottom:1px solid var(--line)}
tr:last-child>th,tr:last-child>td{border-bottom:0}thead th{font-size:.8rem;color:var(--muted);font-weight:600}
tbody th{font-weight:600;min-width:9.5rem;max-width:22rem}td .step{display:block}td .before{margin-top:3px;font-size:.87rem}
.why{min-width:16rem}
.digest{background:var(--soft);border-radius:5px;padding:1px 6px;white-space:nowrap}.digest span{color:var(--muted)}.digest.full{white-space:normal;overflow-wrap:anywhere}.here{margin-top:8px;display:flex;flex-wrap:wrap;gap:6px 10px;align-items:center}
details{margin-top:8px}summary{cursor:pointer;color:var(--link);font-size:.9rem;width:fit-content}
dl.images{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:12px;margin-top:10px}
dl.images>div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
dt{font-weight:600}dd{font-size:.9rem;margin-top:3px}dd>span:first-child{color:var(--muted);display:inline-block;min-width:5.2em}
.chart{display:grid;grid-template-columns:minmax(4.5em,auto) 132px auto;gap:8px;align-items:center;width:fit-content;font-size:.85rem}
.chart .quantity{color:var(--muted)}.chart .figure{white-space:nowrap;font-variant-numeric:tabular-nums}
.chart svg{display:block}.chart .line{fill:none;stroke:var(--good);stroke-width:1.6}.chart .dot,.chart .fill{fill:var(--good)}
.chart .limit{stroke:var(--muted);stroke-dasharray:3 3}.chart .track{fill:var(--soft)}
.chart.over .line{stroke:var(--bad)}.chart.over .dot,.chart.over .fill{fill:var(--bad)}.chart.over b{color:var(--bad)}
.action{font-weight:600}.action.created{color:var(--good)}.action.deleted{color:var(--bad)}.action.configured{color:var(--unknown)}.action.unchanged,.action.skipped{color:var(--muted);font-weight:400}
.alert{border-radius:8px;padding:10px 14px;background:var(--tone-ground);color:var(--tone);font-weight:600;margin-top:10px}
.alert h3{font-size:1rem}.alert p,.alert ul{font-weight:400}.alert .when{color:inherit}.alert a{color:inherit}.alert ul,.evidence ul{margin:4px 0;padding-left:20px}.evidence{margin-top:10px;font-size:.9rem}
@media (max-width:640px){.inner,main{padding:0 14px}h1{font-size:1.5rem}.banner .inner>.sign{width:36px;height:36px}}
@media print{body{background:#fff}.card,.path li{break-inside:avoid}}
`;
