//! 阅读版: the copy as one page that needs nothing else, to be read, kept and printed.

use std::fmt::Write;

use app::{
    School,
    my_data::copy::{self, Document, Rows},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::my_data::{Column, Group, LEFT_OUT, Reads};
use ring::digest;
use serde_json::{Map, Value};

const STYLE: &str = "body{max-width:1100px;margin:0 auto;padding:16px;color:#1d2129;\
    font:15px/1.6 -apple-system,'PingFang SC','Microsoft YaHei',sans-serif}\
    h1{font-size:24px}h2{margin-top:32px;font-size:20px}h3{margin:20px 0 8px;font-size:16px}\
    .note{color:#5a6270}.wide{overflow-x:auto}\
    table{border-collapse:collapse;font-size:13px}\
    th,td{padding:4px 8px;border:1px solid #c9cdd4;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
    th{background:#f2f3f5;white-space:nowrap}\
    @media print{body{max-width:none}.wide{overflow:visible}tr{break-inside:avoid}}";

/// What the page may do: nothing but look as it does.
pub fn policy() -> String {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
}

/// The page.
pub fn page(school: &School, document: &Document) -> String {
    let at = document.made_at.with_timezone(&school.zone).format("%Y-%m-%d %H:%M:%S");
    let mut html = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>我的数据</title><style>{STYLE}</style></head><body><h1>我的数据</h1>\
         <p class=\"note\">{}（{}）在 {at} 持有的、关于您的全部数据。请自己妥善保管，不要转发给别人。</p>",
        escaped(&school.corp.name),
        escaped(&document.userid),
    );
    for group in Group::ALL {
        let _ = write!(html, "<h2>{}</h2>", group.title());
        for rows in document.parts.iter().filter(|rows| rows.part.group == group) {
            write_part(&mut html, school, rows);
        }
    }
    html.push_str("<h2>不在这份副本里的</h2><ul>");
    for (table, reason) in LEFT_OUT {
        let _ = write!(html, "<li>{reason}（{table}）</li>");
    }
    html.push_str("</ul></body></html>");
    html
}

fn write_part(html: &mut String, school: &School, rows: &Rows) {
    let _ = write!(html, "<h3>{}：{} 条</h3>", rows.part.title, rows.rows.len());
    if rows.rows.is_empty() {
        return;
    }
    html.push_str("<div class=\"wide\"><table><thead><tr>");
    for column in rows.part.columns {
        let _ = write!(html, "<th scope=\"col\">{}</th>", column.title);
    }
    html.push_str("</tr></thead><tbody>");
    for row in &rows.rows {
        html.push_str("<tr>");
        for column in rows.part.columns {
            let _ = write!(html, "<td>{}</td>", cell(school, column, row));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div>");
}

/// A value, escaped; answers a line each.
fn cell(school: &School, column: &Column, row: &Map<String, Value>) -> String {
    let Some(value) = row.get(column.name) else { return String::new() };
    let (Reads::Answers, Value::Array(answers)) = (column.reads, value) else {
        return escaped(&copy::read(school, column, value));
    };
    let text =
        |answer: &Value, part: &str| escaped(answer.get(part).and_then(Value::as_str).unwrap_or_default());
    let lines =
        answers.iter().map(|answer| format!("{}：{}", text(answer, "question"), text(answer, "words")));
    lines.collect::<Vec<_>>().join("<br>")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_no_markup() {
        assert_eq!(escaped("<b>\"'&"), "&lt;b&gt;&quot;&#39;&amp;");
    }

    #[test]
    fn the_policy_allows_this_style_alone() {
        assert!(policy().contains("style-src 'sha256-") && !policy().contains("unsafe"));
    }
}
