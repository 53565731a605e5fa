//! A page: self-contained HTML, no network, no script.

const STYLE: &str = "
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; } h3 { margin-top: 2rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #e5e5e5; white-space: nowrap; }
th { background: #f6f6f6; white-space: normal; vertical-align: bottom; } th:first-child, td:first-child { text-align: left; }
table.text th { text-align: left; } table.text td { text-align: left; white-space: normal; vertical-align: top; }
table.claims td:nth-child(n+4) { white-space: nowrap; }
.held { color: #00694e; font-weight: 600; } .not-held { color: #a83800; font-weight: 600; } .not-tested { color: #666; }
svg { max-width: 100%; height: auto; } .grid { display: flex; flex-wrap: wrap; gap: .5rem; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: 13px; } .note { color: #555; }
@media print { @page { size: A4 landscape; margin: 12mm; } body { margin: 0; max-width: none; font-size: 11px; padding: 0; }
  h2, h3, caption { break-after: avoid; } svg, tr { break-inside: avoid; } table { display: table; font-size: 9px; }
  .grid svg { max-width: 48%; } th, td { padding: .1rem .35rem; } td { white-space: normal; } pre { white-space: pre-wrap; } }
";

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title><style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n{body}\
         </body></html>\n",
        title = escape(title)
    )
}

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
