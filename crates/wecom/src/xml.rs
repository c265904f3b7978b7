//! The little XML that WeCom speaks: elements with text, no attributes that matter, no namespaces.
//!
//! Read into a flat list that borrows from the text, so that reading costs one allocation, and the order of elements,
//! CDATA or plain text and elements added later make no difference (doc 90238). Document types and entities other than the five of XML
//! are refused: they are how an XML parser is attacked, and WeCom sends none.

use std::borrow::Cow;

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

/// A document, borrowing from its text: its elements in order, each with the place where it ends.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Debug, Clone)]
struct Node<'a> {
    name: &'a str,
    text: Cow<'a, str>,
    /// Where in the list the first element after it and its children is.
    end: usize,
    has_cdata: bool,
}

/// One element of a [`Document`].
#[derive(Clone, Copy)]
pub(crate) struct Part<'d, 'a> {
    nodes: &'d [Node<'a>],
    at: usize,
}

impl<'a> Document<'a> {
    /// Reads a document with exactly one root element.
    pub(crate) fn parse(document: &'a str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(document);
        // Compared here, without the reader's copy of each name.
        reader.config_mut().check_end_names = false;
        let mut builder = Builder { nodes: Vec::with_capacity(32), open: [0; MAX_DEPTH], depth: 0 };
        loop {
            let begins = reader.buffer_position();
            match reader.read_event().map_err(|_| XmlError::Malformed)? {
                Event::Start(tag) => builder.open(name_at(document, begins, tag.name().as_ref())?)?,
                Event::Empty(tag) => {
                    let name = name_at(document, begins, tag.name().as_ref())?;
                    builder.open(name)?;
                    builder.close(name)?;
                }
                Event::End(tag) => builder.close(tag.name().as_ref())?,
                Event::Text(text) => builder.text(text.into_inner())?,
                Event::CData(data) => builder.cdata(data.into_inner())?,
                Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                    Ok(Some(character)) => builder.text(String::from(character).into())?,
                    Ok(None) => builder.text(Cow::Borrowed(match &*entity.into_inner() {
                        "amp" => "&",
                        "lt" => "<",
                        "gt" => ">",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => return Err(XmlError::Forbidden),
                    }))?,
                    Err(_) => return Err(XmlError::Malformed),
                },
                Event::DocType(_) | Event::PI(_) => return Err(XmlError::Forbidden),
                Event::Comment(_) | Event::Decl(_) => {}
                Event::Eof => return builder.finish(),
            }
        }
    }

    /// The root element.
    pub(crate) fn root(&self) -> Part<'_, 'a> {
        Part { nodes: &self.nodes, at: 0 }
    }
}

/// The name of the tag that begins at `begins`, as a piece of the document.
fn name_at<'a>(document: &'a str, begins: u64, name: &str) -> Result<&'a str, XmlError> {
    let begins = usize::try_from(begins).map_err(|_| XmlError::Malformed)? + 1;
    document.get(begins..begins + name.len()).filter(|found| *found == name).ok_or(XmlError::Malformed)
}

impl<'d, 'a> Part<'d, 'a> {
    /// The tag's name, case as sent.
    pub(crate) fn name(&self) -> &'a str {
        self.nodes.get(self.at).map_or("", |node| node.name)
    }

    /// Its own text; white space around plain text is dropped, inside CDATA kept.
    pub(crate) fn text(&self) -> &'d str {
        self.nodes.get(self.at).map_or("", |node| if node.has_cdata { &*node.text } else { node.text.trim() })
    }

    /// Child elements in document order.
    pub(crate) fn children(self) -> impl Iterator<Item = Part<'d, 'a>> {
        let end = self.nodes.get(self.at).map_or(0, |node| node.end);
        let mut next = self.at + 1;
        std::iter::from_fn(move || {
            let node = self.nodes.get(next).filter(|_| next < end)?;
            let at = std::mem::replace(&mut next, node.end);
            Some(Part { nodes: self.nodes, at })
        })
    }

    /// The first child of that name.
    pub(crate) fn child(self, name: &str) -> Option<Part<'d, 'a>> {
        self.children().find(|child| child.name() == name)
    }

    /// The text of the first child of that name; none if it is absent or empty, which WeCom means alike.
    pub(crate) fn text_of(self, name: &str) -> Option<&'d str> {
        self.child(name).map(|child| child.text()).filter(|text| !text.is_empty())
    }

    /// A copy that stands by itself.
    pub(crate) fn to_element(self) -> Element {
        Element {
            name: self.name().into(),
            text: self.text().into(),
            children: self.children().map(Part::to_element).collect(),
        }
    }
}

/// One element with its children, for content this library has no type for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The tag's name, case as sent: `Event` and `event` differ.
    pub name: String,
    /// Text and CDATA joined; white space around plain text is dropped, inside CDATA kept.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

/// The name only: the text may be personal.
impl std::fmt::Debug for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Element").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Element {
    /// Reads a document with exactly one root element.
    pub fn parse(document: &str) -> Result<Element, XmlError> {
        Ok(Document::parse(document)?.root().to_element())
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

struct Builder<'a> {
    nodes: Vec<Node<'a>>,
    /// Places in `nodes` of the elements not closed yet.
    open: [usize; MAX_DEPTH],
    depth: usize,
}

impl<'a> Builder<'a> {
    fn open(&mut self, name: &'a str) -> Result<(), XmlError> {
        if self.depth == 0 && !self.nodes.is_empty() {
            return Err(XmlError::Malformed);
        }
        *self.open.get_mut(self.depth).ok_or(XmlError::TooDeep)? = self.nodes.len();
        self.nodes.push(Node { name, text: Cow::Borrowed(""), end: 0, has_cdata: false });
        self.depth += 1;
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), XmlError> {
        let end = self.nodes.len();
        let node = self.current().filter(|node| node.name == name).ok_or(XmlError::Malformed)?;
        node.end = end;
        self.depth -= 1;
        Ok(())
    }

    fn current(&mut self) -> Option<&mut Node<'a>> {
        let place = self.open[self.depth.checked_sub(1)?];
        self.nodes.get_mut(place)
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), XmlError> {
        let blank = text.trim().is_empty();
        match self.current() {
            // Indentation between elements or around CDATA says nothing.
            Some(node) if blank && (node.has_cdata || node.text.is_empty()) => Ok(()),
            Some(node) => {
                append(&mut node.text, text);
                Ok(())
            }
            None if blank => Ok(()),
            None => Err(XmlError::Malformed),
        }
    }

    fn cdata(&mut self, text: Cow<'a, str>) -> Result<(), XmlError> {
        let node = self.current().ok_or(XmlError::Malformed)?;
        node.has_cdata = true;
        append(&mut node.text, text);
        Ok(())
    }

    fn finish(self) -> Result<Document<'a>, XmlError> {
        if self.depth == 0 && !self.nodes.is_empty() {
            Ok(Document { nodes: self.nodes })
        } else {
            Err(XmlError::Malformed)
        }
    }
}

/// Borrows while there is one piece only.
fn append<'a>(all: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if all.is_empty() { *all = piece } else { all.to_mut().push_str(&piece) }
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
