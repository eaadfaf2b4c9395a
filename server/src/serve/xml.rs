//! Small XML documents, written out with what must be escaped escaped.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::Value;

/// A document that is being written.
pub struct Xml {
    writer: Writer<Vec<u8>>,
    open: Vec<String>,
}

impl Xml {
    /// Begins a document.
    pub fn begin() -> Self {
        let mut xml = Self { writer: Writer::new(Vec::new()), open: Vec::new() };
        xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        xml
    }

    /// Begins a document with its outermost element.
    pub fn new(root: &str, attributes: &[(&str, &str)]) -> Self {
        let mut xml = Self::begin();
        xml.open(root, attributes);
        xml
    }

    /// Begins an element.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let start = start(name, attributes);
        self.write(Event::Start(start));
        self.open.push(name.to_owned());
    }

    /// Ends the element that was begun last.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.write(Event::End(BytesEnd::new(name)));
        }
    }

    /// An element that holds attributes only.
    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let start = start(name, attributes);
        self.write(Event::Empty(start));
    }

    /// An element that holds text only.
    pub fn leaf(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        let text = legal(text);
        self.write(Event::Text(BytesText::new(&text)));
        self.close();
    }

    /// A leaf where there is a text.
    pub fn some(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.leaf(name, text);
        }
    }

    /// Fields as elements; the items of a list `things` are each a `thing`.
    pub fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                self.open(name, &[]);
                fields.iter().for_each(|(name, value)| self.value(name, value));
                self.close();
            }
            Value::Array(items) => {
                self.open(name, &[]);
                let one = name.strip_suffix('s').unwrap_or(name);
                for item in items {
                    self.value(one, item);
                }
                self.close();
            }
            Value::Null => self.empty(name, &[]),
            Value::String(text) => self.leaf(name, text),
            other => self.leaf(name, &other.to_string()),
        }
    }

    /// Ends all that is open and returns the document.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        String::from_utf8_lossy(&self.writer.into_inner()).into_owned()
    }

    fn write(&mut self, event: Event<'_>) {
        // Writing into memory cannot fail.
        drop(self.writer.write_event(event));
    }
}

fn start(name: &str, attributes: &[(&str, &str)]) -> BytesStart<'static> {
    let mut start = BytesStart::new(name.to_owned());
    for (name, value) in attributes {
        start.push_attribute((*name, legal(value).as_str()));
    }
    start
}

/// A text without characters that XML cannot hold.
///
/// # References
/// XML 1.0, production 2.
fn legal(text: &str) -> String {
    let fits =
        |c: &char| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    text.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_xml_is_escaped_and_what_it_cannot_hold_is_left_out() {
        let mut xml = Xml::new("a", &[("b", "<\"&\x01")]);
        xml.leaf("c", "1 < 2 & \0\x0b]]>");
        let text = xml.finish();
        assert!(text.contains("b=\"&lt;&quot;&amp;\""), "{text}");
        assert!(text.contains("<c>1 &lt; 2 &amp; ]]&gt;</c></a>"), "{text}");
    }

    #[test]
    fn a_list_names_its_items_by_its_own_name() {
        let mut xml = Xml::new("root", &[]);
        xml.value("values", &serde_json::json!([{"key": 1, "name": null}]));
        assert!(xml.finish().ends_with("<values><value><key>1</key><name/></value></values></root>"));
    }
}
