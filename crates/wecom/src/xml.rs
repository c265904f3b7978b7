//! The little XML that WeCom speaks: elements with text, no attributes that matter, no namespaces.
//!
//! Read into a small tree, so that the order of elements, CDATA or plain text and elements added
//! later make no difference (doc 90238). Document types and entities other than the five of XML
//! are refused: they are how an XML parser is attacked, and WeCom sends none.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Deeper than anything WeCom documents, shallow enough to bound the work.
const MAX_DEPTH: usize = 16;

/// Why a piece of XML was refused. Never quotes the content, which may be personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed, or empty.
    #[error("not well-formed XML")]
    Malformed,
    /// A document type, a processing instruction or an entity that isn't one of XML's own five.
    #[error("document types and entities are not accepted")]
    Forbidden,
    /// More levels than WeCom ever sends.
    #[error("nested too deeply")]
    TooDeep,
}

/// One element: its name, its own text, its children in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The tag's name, case as sent: `Event` and `event` differ.
    pub name: String,
    /// Text and CDATA joined; white space around plain text is dropped, inside CDATA kept.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document with exactly one root element.
    pub fn parse(document: &str) -> Result<Element, XmlError> {
        let mut reader = Reader::from_str(document);
        let mut tree = Builder::default();
        loop {
            match reader.read_event().map_err(|_| XmlError::Malformed)? {
                Event::Start(tag) => tree.open(tag.name().as_ref())?,
                Event::Empty(tag) => {
                    tree.open(tag.name().as_ref())?;
                    tree.close()?;
                }
                Event::End(_) => tree.close()?,
                Event::Text(text) => tree.text(&text.into_inner())?,
                Event::CData(data) => tree.cdata(&data.into_inner())?,
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(character)) => tree.text(character.encode_utf8(&mut [0; 4]))?,
                    Ok(None) => tree.text(match &*entity.into_inner() {
                        "amp" => "&",
                        "lt" => "<",
                        "gt" => ">",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => return Err(XmlError::Forbidden),
                    })?,
                    Err(_) => return Err(XmlError::Malformed),
                },
                Event::DocType(_) | Event::PI(_) => return Err(XmlError::Forbidden),
                Event::Comment(_) | Event::Decl(_) => {}
                Event::Eof => return tree.finish(),
            }
        }
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name; none if it is absent or empty, which WeCom means alike.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Element>,
}

#[derive(Default)]
struct Open {
    element: Element,
    has_cdata: bool,
}

impl Builder {
    fn open(&mut self, name: &str) -> Result<(), XmlError> {
        if self.open.len() == MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::Malformed);
        }
        self.open
            .push(Open { element: Element { name: name.into(), ..Element::default() }, has_cdata: false });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let Open { mut element, has_cdata } = self.open.pop().ok_or(XmlError::Malformed)?;
        if !has_cdata {
            element.text = element.text.trim().into();
        }
        match self.open.last_mut() {
            Some(parent) => parent.element.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let blank = text.trim().is_empty();
        match self.open.last_mut() {
            // Indentation between elements or around CDATA says nothing.
            Some(open) if blank && (open.has_cdata || open.element.text.is_empty()) => Ok(()),
            Some(open) => {
                open.element.text.push_str(text);
                Ok(())
            }
            None if blank => Ok(()),
            None => Err(XmlError::Malformed),
        }
    }

    fn cdata(&mut self, text: &str) -> Result<(), XmlError> {
        let open = self.open.last_mut().ok_or(XmlError::Malformed)?;
        open.has_cdata = true;
        open.element.text.push_str(text);
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        if self.open.is_empty() { self.root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
    }
}

/// Wraps text as CDATA; a `]]>` inside is split over two sections, so that any text survives.
pub fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cdata_and_plain_text_alike_in_any_order() {
        let tree = Element::parse(
            "<?xml version=\"1.0\"?>\n<xml>\n <B>plain &amp; &#x70B9;</B>\n <A> <![CDATA[ kept <b> ]]>\n</A><E/>\n</xml>\n",
        )
        .unwrap();
        assert_eq!(tree.text_of("A"), Some(" kept <b> "));
        assert_eq!(tree.text_of("B"), Some("plain & 点"));
        assert_eq!(tree.child("E").map(|e| e.text.as_str()), Some(""));
        assert_eq!(tree.text_of("E"), None);
        assert_eq!(tree.text_of("missing"), None);
    }

    #[test]
    fn refuses_what_attacks_parsers() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><xml><A>&b;</A></xml>";
        assert_eq!(Element::parse(laughs), Err(XmlError::Forbidden));
        let file = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><xml/>";
        assert_eq!(Element::parse(file), Err(XmlError::Forbidden));
        assert_eq!(Element::parse("<xml>&undefined;</xml>"), Err(XmlError::Forbidden));
        assert_eq!(Element::parse("<?php x ?><xml/>"), Err(XmlError::Forbidden));
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        assert_eq!(Element::parse(&deep), Err(XmlError::TooDeep));
    }

    #[test]
    fn refuses_what_is_no_document() {
        for text in ["", "   ", "hello", "<xml>", "<xml></yml>", "<a/><b/>", "<xml><A></xml>", "</xml>"] {
            assert_eq!(Element::parse(text), Err(XmlError::Malformed), "{text}");
        }
    }

    #[test]
    fn cdata_carries_any_text() {
        let text = "a]]>b & <c>";
        let tree = Element::parse(&format!("<x>{}</x>", cdata(text))).unwrap();
        assert_eq!(tree.text, text);
    }
}
