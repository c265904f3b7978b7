//! The little markup that messages may carry: links in a text, line breaks and three classes in a card. Everything
//! else is words.

use maud::{Markup, PreEscaped, Render, html};

/// A text: `<a href="https://…">…</a>` becomes a link, every other sign stays what it is.
pub fn text(source: &str) -> Markup {
    let mut out = String::new();
    let mut rest = source;
    while let Some((before, link, after)) = next_link(rest) {
        words(before, &mut out);
        let Link { href, label } = link;
        out.push_str(&html! { a href=(open_address(href)) data-window { (label) } }.into_string());
        rest = after;
    }
    words(rest, &mut out);
    PreEscaped(out)
}

/// A card's description: `<br>` and `<div class="gray|highlight|normal">` count.
pub fn description(source: &str) -> Markup {
    let mut out = String::new();
    let mut rest = source;
    let mut open = 0;
    while let Some(start) = rest.find('<') {
        words(&rest[..start], &mut out);
        rest = &rest[start..];
        let tag = &rest[..rest.find('>').map_or(rest.len(), |end| end + 1)];
        let known = match tag {
            "<br>" | "<br/>" | "<br />" => Some("<br>"),
            r#"<div class="gray">"# => Some(r#"<div class="gray">"#),
            r#"<div class="highlight">"# => Some(r#"<div class="highlight">"#),
            r#"<div class="normal">"# => Some(r#"<div class="normal">"#),
            "</div>" if open > 0 => Some("</div>"),
            _ => None,
        };
        let Some(known) = known else {
            words("<", &mut out);
            rest = &rest[1..];
            continue;
        };
        open += usize::from(known.starts_with("<div"));
        open -= usize::from(known == "</div>");
        out.push_str(known);
        rest = &rest[tag.len()..];
    }
    words(rest, &mut out);
    out.push_str(&"</div>".repeat(open));
    PreEscaped(out)
}

/// Markdown as WeCom has it: headings, bold, links, code, quotations and three colours; a line stays a line.
pub fn markdown(source: &str) -> Markup {
    let line = |line: &str| {
        let level = line.chars().take_while(|sign| *sign == '#').count();
        match (line.strip_prefix('>'), level) {
            (Some(quoted), _) => html! { blockquote { (inline(quoted.trim_start())) } },
            (None, 1..=6) if line[level..].starts_with(' ') => {
                html! { p { strong { (inline(line[level..].trim_start())) } } }
            }
            _ => html! { p { (inline(line)) } },
        }
    };
    html! { @for each in source.lines().filter(|line| !line.trim().is_empty()) { (line(each)) } }
}

/// Markdown in a few plain words.
pub fn plain(source: &str) -> String {
    let words: String = summary(source).chars().filter(|sign| !"*`#>[]".contains(*sign)).collect();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn inline(line: &str) -> Markup {
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        if let Some((shown, after)) = styled(rest) {
            out.push_str(&shown.into_string());
            rest = after;
        } else {
            let end = rest.chars().next().map_or(0, char::len_utf8);
            words(&rest[..end], &mut out);
            rest = &rest[end..];
        }
    }
    PreEscaped(out)
}

/// What begins here, if it is more than words, and what follows it.
fn styled(rest: &str) -> Option<(Markup, &str)> {
    if let Some((inside, after)) = rest.strip_prefix("**").and_then(|rest| rest.split_once("**")) {
        return Some((html! { strong { (inline(inside)) } }, after));
    }
    if let Some((inside, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        return Some((html! { code { (inside) } }, after));
    }
    if let Some((label, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("]("))
        && let Some((url, after)) = after.split_once(')')
        && (url.starts_with("http://") || url.starts_with("https://"))
    {
        return Some((html! { a href=(open_address(url)) data-window { (label) } }, after));
    }
    ["info", "comment", "warning"].into_iter().find_map(|colour| {
        let start = format!("<font color=\"{colour}\">");
        let (inside, after) = rest.strip_prefix(start.as_str())?.split_once("</font>")?;
        Some((html! { span class=(colour) { (inline(inside)) } }, after))
    })
}

/// A card or text in a few plain words.
pub fn summary(source: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for character in source.chars() {
        match character {
            '<' => inside = true,
            '>' if inside => inside = false,
            '\n' => out.push(' '),
            _ if inside => {}
            _ => out.push(character),
        }
    }
    out
}

/// Where a link of a message goes: through the client, which opens the app as its member.
pub fn open_address(url: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("url", url).finish();
    format!("/client/open?{query}")
}

struct Link<'a> {
    href: &'a str,
    label: &'a str,
}

fn next_link(source: &str) -> Option<(&str, Link<'_>, &str)> {
    let mut from = 0;
    loop {
        let start = from + source[from..].find(r#"<a href=""#)?;
        let (href, rest) = source[start + 9..].split_once('"')?;
        if let Some(rest) = rest.strip_prefix('>')
            && (href.starts_with("http://") || href.starts_with("https://"))
        {
            let (label, after) = rest.split_once("</a>")?;
            return Some((&source[..start], Link { href, label }, after));
        }
        from = start + 1;
    }
}

fn words(text: &str, out: &mut String) {
    text.render_to(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_links_and_nothing_else() {
        let shown =
            text(r#"a<b>&<a href="https://x.example/?a=1&b=2">看<i></a>!<a href="javascript:x">no</a>"#)
                .into_string();
        assert_eq!(
            shown,
            r#"a&lt;b&gt;&amp;<a href="/client/open?url=https%3A%2F%2Fx.example%2F%3Fa%3D1%26b%3D2" data-window>看&lt;i&gt;</a>!&lt;a href=&quot;javascript:x&quot;&gt;no&lt;/a&gt;"#
        );
    }

    #[test]
    fn markdown_has_what_wecom_shows_and_nothing_else() {
        let source = "# 日报\n今天 **3 人**<font color=\"warning\">未报</font>\n> `x` [看](https://a.example)<b>[no](javascript:x)";
        assert_eq!(
            markdown(source).into_string(),
            "<p><strong>日报</strong></p><p>今天 <strong>3 人</strong><span class=\"warning\">未报</span></p>\
             <blockquote><code>x</code> <a href=\"/client/open?url=https%3A%2F%2Fa.example\" data-window>看</a>\
             &lt;b&gt;[no](javascript:x)</blockquote>"
        );
        assert_eq!(plain(source), "日报 今天 3 人未报 x 看(https://a.example)no(javascript:x)");
    }

    #[test]
    fn a_description_has_three_classes_and_breaks() {
        let shown = description(
            r#"<div class="gray">3月4日</div>1 < 2<br><div class="evil">x</div><div class="highlight">!"#,
        );
        assert_eq!(
            shown.into_string(),
            r#"<div class="gray">3月4日</div>1 &lt; 2<br>&lt;div class=&quot;evil&quot;&gt;x&lt;/div&gt;<div class="highlight">!</div>"#
        );
        assert_eq!(summary(r#"<div class="gray">3月4日</div>请上报"#), "3月4日请上报");
    }
}
