//! XML as a tree of names without prefixes, texts and children; bounded in depth and number.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::formats::FormatError;

const DEEPEST: usize = 48;
const MOST_NODES: usize = 4_000_000;

/// An element.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// Name without prefix.
    pub name: String,
    /// Text, trimmed.
    pub text: String,
    /// Elements in it.
    pub children: Vec<Node>,
}

impl Node {
    /// Returns the first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Returns all children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the text of a child.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// Returns the finite number in a child.
    pub fn number_of(&self, name: &str) -> Option<f64> {
        self.text_of(name)?.parse().ok().filter(|value: &f64| value.is_finite())
    }
}

/// Reads a document; `file` is named in errors.
pub fn parse(text: &str, file: &'static str) -> Result<Node, FormatError> {
    let not = |reason: String| FormatError::NotReadable { format: file, reason };
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Node> = vec![Node::default()];
    let mut nodes = 0_usize;
    loop {
        let event = reader.read_event();
        let event = event.map_err(|error| not(format!("{error} at byte {}", reader.error_position())))?;
        match event {
            Event::Start(start) => {
                open.push(named(start.local_name().as_ref()));
                nodes += 1;
            }
            Event::Empty(empty) => {
                let node = named(empty.local_name().as_ref());
                nodes += 1;
                if let Some(parent) = open.last_mut() {
                    parent.children.push(node);
                }
            }
            Event::End(_) => close(&mut open),
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = format!("&{};", reference.xml10_content());
                let plain = quick_xml::escape::unescape(&text).map_err(|error| not(error.to_string()))?;
                add(&mut open, &plain);
            }
            Event::Eof => break,
            Event::DocType(_) => return Err(not("a document type, which no such file has".to_owned())),
            _ => {}
        }
        if open.len() > DEEPEST || nodes > MOST_NODES {
            return Err(not(format!("deeper than {DEEPEST} or more than {MOST_NODES} elements")));
        }
    }
    match open.as_slice() {
        [root] if !root.children.is_empty() => Ok(root.clone()),
        [_] => Err(not("it holds no element".to_owned())),
        more => Err(not(format!("it ends with {} elements open", more.len() - 1))),
    }
}

fn named(name: impl AsRef<[u8]>) -> Node {
    Node { name: String::from_utf8_lossy(name.as_ref()).into_owned(), ..Node::default() }
}

fn add(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

fn close(open: &mut Vec<Node>) {
    if open.len() > 1
        && let Some(mut done) = open.pop()
    {
        let trimmed = done.text.trim().to_owned();
        done.text = trimmed;
        if let Some(parent) = open.last_mut() {
            parent.children.push(done);
        }
    }
}
