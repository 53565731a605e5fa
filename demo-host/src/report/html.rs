//! A page: self-contained HTML, no network, no script.

/// That of the page in `demo-host/web`, but for its dark form: plots are drawn on white.
const STYLE: &str = "
:root { --ground: #f4f6f8; --card: #fff; --ink: #14202b; --soft: #51606e; --line: #d4dbe1; --fill: #e8edf1; --accent: #0b5c8c; --hero: #0b3d5c; }
* { box-sizing: border-box; }
body { font: 17px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 0; overflow-wrap: break-word; }
header, main { padding: 0 max(1rem, (100% - 76rem) / 2); } header { background: var(--hero); color: #f2f8fc; padding-block: 1.4rem; }
h1 { font-size: clamp(1.8rem, 5vw, 2.8rem); line-height: 1.1; margin: 0; letter-spacing: -.02em; }
h2 { font-size: 1.6rem; line-height: 1.2; margin: 2.4rem 0 .6rem; } h3 { margin: 1.8rem 0 .5rem; } p, ul, dl { max-width: 52rem; }
.scroll { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--line); border-radius: 12px; padding: .8rem; background:
  linear-gradient(90deg, var(--card) 40%, transparent) 0 / 3rem 100% no-repeat local, linear-gradient(-90deg, var(--card) 40%, transparent) 100% / 3rem 100% no-repeat local,
  radial-gradient(farthest-side at 0, #14202b55, transparent) 0 / 1rem 100% no-repeat scroll, radial-gradient(farthest-side at 100%, #14202b55, transparent) 100% / 1rem 100% no-repeat scroll, var(--card); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); } td { white-space: nowrap; }
th { background: var(--fill); vertical-align: bottom; } th:first-child, td:first-child { text-align: left; } td:first-child { white-space: normal; min-width: 10rem; }
table.text th { text-align: left; } table.text td { text-align: left; white-space: normal; vertical-align: top; }
table.claims td:nth-child(n+4) { white-space: nowrap; }
.held { color: #00694e; font-weight: 600; } .not-held { color: #9a3412; font-weight: 600; } .not-tested, .note { color: var(--soft); }
dl.words { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1rem; } dt { font-weight: 600; } dd { margin: 0; }
svg { max-width: 100%; height: auto; background: var(--card); border-radius: 12px; } .grid { display: flex; flex-wrap: wrap; gap: .5rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .8rem; overflow-x: auto; font-size: 14px; }
@media print { @page { size: A4 landscape; margin: 12mm; } body { background: none; font-size: 11px; } header { background: none; color: inherit; }
  h2, h3, caption { break-after: avoid; } svg, tr { break-inside: avoid; } .scroll { border: 0; padding: 0; background: none; } table { font-size: 9px; }
  .grid svg { max-width: 48%; } th, td { padding: .1rem .35rem; } td { white-space: normal; } pre { white-space: pre-wrap; } }
";

/// The measures of probabilities, each explained in one line.
pub const WORDS: &str = "<dl class=\"words\"><dt>NLL</dt><dd>negative log-likelihood: low if the right answers got a high probability; 0 is best, and a \
confident wrong answer costs most.</dd><dt>ECE</dt><dd>expected calibration error: by how much, on average, the confidence differs from the \
                         share that is right; 0 % is best.</dd><dt>MCE</dt><dd>maximum calibration error: the same in the worst bin of \
                         confidences.</dd></dl>\n";

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title><style>{STYLE}</style></head>\n<body>\n<header><h1>{title}</h1></header>\n<main>\n{body}\
         </main></body></html>\n",
        title = escape(title)
    )
}

/// A table that can be scrolled, also by keys, if it is wider than the page; a shadow shows that there is more.
pub fn scrolling(name: &str, table: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">{table}</div>\n",
        escape(name).replace('"', "&quot;")
    )
}

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
