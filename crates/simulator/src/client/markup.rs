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
