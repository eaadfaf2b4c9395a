//! The properties of an XMP packet, written as attributes or as elements.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::{NsReader, XmlVersion};

const DJI: &str = "http://www.dji.com/drone-dji/1.0/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";

/// Longest packet read, bytes.
const MAX_BYTES: usize = 1 << 20;

/// Properties of the name spaces known here, as `drone-dji:Name` and `xmp:Name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    values: BTreeMap<String, String>,
}

impl Properties {
    /// Returns the first of these DJI properties that is there and not empty.
    pub fn dji(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(&format!("drone-dji:{name}")))
    }

    /// Returns a property by its usual prefix and name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Says whether a drone of DJI wrote anything.
    pub fn has_dji(&self) -> bool {
        self.values.keys().any(|name| name.starts_with("drone-dji:"))
    }
}

/// Reads the properties of a packet.
///
/// # Errors
/// A sentence on what is wrong: too long, no UTF-8, no XML.
pub fn properties(packet: &[u8]) -> Result<Properties, String> {
    if packet.len() > MAX_BYTES {
        return Err(format!("it takes {} bytes, more than {MAX_BYTES}", packet.len()));
    }
    let text = std::str::from_utf8(packet).map_err(|error| error.to_string())?;
    let text = text.trim_end_matches(['\0', ' ', '\n', '\r']);
    let mut reader = NsReader::from_str(text);
    let mut properties = Properties::default();
    let mut open: Option<String> = None;
    loop {
        let position = reader.buffer_position();
        let event = reader.read_event().map_err(|error| format!("{error} (byte {position})"))?;
        match event {
            Event::Start(element) => {
                put_attributes(&reader, &element, &mut properties)?;
                open = full_name(&reader, element.name(), true);
                if let Some(name) = &open {
                    properties.values.insert(name.clone(), String::new());
                }
            }
            Event::Empty(element) => put_attributes(&reader, &element, &mut properties)?,
            Event::Text(text) => {
                if let Some(name) = &open {
                    properties.values.entry(name.clone()).or_default().push_str(&text.xml10_content());
                }
            }
            Event::End(_) => open = None,
            Event::Eof => return Ok(properties),
            _ => {}
        }
    }
}

fn put_attributes(
    reader: &NsReader<&[u8]>,
    element: &BytesStart<'_>,
    properties: &mut Properties,
) -> Result<(), String> {
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if let Some(name) = full_name(reader, attribute.key, false) {
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| format!("{name}: {error}"))?;
            properties.values.insert(name, value.into_owned());
        }
    }
    Ok(())
}

/// Returns the usual prefix and local name of a property known here, whatever prefix the packet gives it.
fn full_name(reader: &NsReader<&[u8]>, name: QName<'_>, is_element: bool) -> Option<String> {
    let resolver = reader.resolver();
    let (space, local) =
        if is_element { resolver.resolve_element(name) } else { resolver.resolve_attribute(name) };
    let ResolveResult::Bound(space) = space else { return None };
    let prefix = match space.as_ref() {
        DJI => "drone-dji",
        XMP => "xmp",
        _ => return None,
    };
    Some(format!("{prefix}:{}", local.as_ref()))
}
