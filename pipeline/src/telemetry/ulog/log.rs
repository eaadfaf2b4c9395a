//! The messages of a log: header, definitions, data, and data that was appended after a crash.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::format::{Formats, Layout, Row};
use crate::telemetry::error::Problem;

/// Start of every log, before one byte with the version.
pub const MAGIC: [u8; 7] = *b"ULog\x01\x12\x35";
const HEADER_BYTES: usize = 16;
/// A synchronisation message: 8 bytes long, kind `S`, its magic.
const SYNC: [u8; 11] = [8, 0, b'S', 0x2F, 0x73, 0x13, 0x20, 0x25, 0x0C, 0xBB, 0x12];
/// Kinds of messages there are; any other byte says that the log is broken there.
const KINDS: &[u8] = b"BFIMPQARDLCSO";
/// Flags of what a reader must understand: appended data is the only one.
const APPENDED: u8 = 1;

/// Receives the messages of the topics it wants.
pub trait Sink {
    /// Says whether a topic is wanted.
    fn wants(&self, topic: &str) -> bool;
    /// Takes one message; says what is wrong with it.
    fn take(&mut self, topic: &str, row: Row<'_>) -> Result<(), String>;
}

/// What was read, beside what the sink took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages by topic and instance.
    pub counts: BTreeMap<(String, u8), usize>,
    /// What is wrong inside.
    pub problems: Vec<Problem>,
}

/// Reads a log whole; a cut or broken one as far as it goes, and on from its next synchronisation message.
///
/// # Errors
/// A sentence on what makes it unreadable from the start.
pub fn walk(bytes: &[u8], sink: &mut dyn Sink) -> Result<Summary, String> {
    if bytes.len() < HEADER_BYTES {
        return Err(format!("the header takes {HEADER_BYTES} bytes, but only {} are there", bytes.len()));
    }
    let mut walk = Walk {
        sink,
        formats: Formats::default(),
        layouts: BTreeMap::new(),
        topics: BTreeMap::new(),
        summary: Summary::default(),
    };
    let (appended, start) = flags(bytes)?;
    let mut borders: Vec<usize> = appended.into_iter().filter(|&at| at > start && at < bytes.len()).collect();
    borders.sort_unstable();
    let starts = std::iter::once(start).chain(borders.iter().copied());
    for (from, to) in starts.zip(borders.iter().copied().chain([bytes.len()])) {
        walk.section(bytes, from, to);
    }
    let Walk { topics, mut summary, .. } = walk;
    for topic in topics.into_values() {
        summary.count(topic);
    }
    Ok(summary)
}

struct Topic {
    name: String,
    instance: u8,
    /// Only of what the sink wants.
    layout: Option<Rc<Layout>>,
    count: usize,
}

impl Summary {
    fn count(&mut self, topic: Topic) {
        if topic.count > 0 {
            *self.counts.entry((topic.name, topic.instance)).or_default() += topic.count;
        }
    }
}

struct Walk<'s> {
    sink: &'s mut dyn Sink,
    formats: Formats,
    layouts: BTreeMap<String, Rc<Layout>>,
    topics: BTreeMap<u16, Topic>,
    summary: Summary,
}

impl Walk<'_> {
    fn section(&mut self, bytes: &[u8], from: usize, to: usize) {
        let section = bytes.get(..to).unwrap_or(bytes);
        let mut at = from;
        while at < section.len() {
            at = match message(section, at) {
                Some((kind, body)) => {
                    if let Err(what) = self.take(kind, body) {
                        self.summary.problems.push(Problem::at_byte(at, what));
                    }
                    at + 3 + body.len()
                }
                None => self.resume(section, at),
            };
        }
    }

    /// Returns where the next synchronisation message starts, else the end of the section.
    fn resume(&mut self, section: &[u8], at: usize) -> usize {
        let behind = section.get(at + 1..).unwrap_or_default();
        let sync = behind.windows(SYNC.len()).position(|window| window == SYNC);
        let next = sync.map_or(section.len(), |index| at + 1 + index);
        let what = format!("{} bytes are no whole message", next - at);
        self.summary.problems.push(Problem::at_byte(at, what));
        next
    }

    fn take(&mut self, kind: u8, body: &[u8]) -> Result<(), String> {
        match kind {
            b'F' => {
                self.layouts.clear();
                self.formats.declare(body)
            }
            b'A' => self.subscribe(body),
            b'D' => self.data(body),
            _ => Ok(()),
        }
    }

    fn subscribe(&mut self, body: &[u8]) -> Result<(), String> {
        let [instance, low, high, name @ ..] = body else {
            return Err(format!("a subscription takes {} bytes, fewer than 3", body.len()));
        };
        let name = String::from_utf8_lossy(name).into_owned();
        let layout = if self.sink.wants(&name) && *instance == 0 { Some(self.layout(&name)?) } else { None };
        let id = u16::from_le_bytes([*low, *high]);
        let topic = Topic { name, instance: *instance, layout, count: 0 };
        if let Some(earlier) = self.topics.insert(id, topic) {
            self.summary.count(earlier);
        }
        Ok(())
    }

    fn layout(&mut self, name: &str) -> Result<Rc<Layout>, String> {
        if let Some(known) = self.layouts.get(name) {
            return Ok(Rc::clone(known));
        }
        let layout = self.formats.layout(name);
        let layout = Rc::new(layout.ok_or_else(|| format!("the format of topic {name} is not declared"))?);
        self.layouts.insert(name.to_owned(), Rc::clone(&layout));
        Ok(layout)
    }

    fn data(&mut self, body: &[u8]) -> Result<(), String> {
        let [low, high, bytes @ ..] = body else {
            return Err(format!("a data message takes {} bytes, fewer than 2", body.len()));
        };
        let id = u16::from_le_bytes([*low, *high]);
        let topic =
            self.topics.get_mut(&id).ok_or_else(|| format!("data of topic {id}, which is not declared"))?;
        topic.count += 1;
        match &topic.layout {
            Some(layout) => self.sink.take(&topic.name, Row { layout, bytes }),
            None => Ok(()),
        }
    }
}

/// Returns kind and body of the message that starts here and ends inside the section.
fn message(section: &[u8], at: usize) -> Option<(u8, &[u8])> {
    let [low, high, kind] = section.get(at..at + 3)?.try_into().ok()?;
    let size = usize::from(u16::from_le_bytes([low, high]));
    let body = section.get(at + 3..at + 3 + size)?;
    KINDS.contains(&kind).then_some((kind, body))
}

/// Returns where appended data starts and where the messages do.
fn flags(bytes: &[u8]) -> Result<(Vec<usize>, usize), String> {
    let Some((b'B', body)) = message(bytes, HEADER_BYTES) else { return Ok((Vec::new(), HEADER_BYTES)) };
    let end = HEADER_BYTES + 3 + body.len();
    let needed = body.get(8..16).unwrap_or_default();
    let unknown = needed.iter().enumerate().find(|(index, byte)| **byte & !known_flags(*index) != 0);
    if let Some((index, byte)) = unknown {
        return Err(format!("it needs a reader that knows flag byte {index} of {byte:#04x}"));
    }
    let offsets = body.get(16..40).unwrap_or_default().chunks_exact(8);
    let offsets =
        offsets.filter_map(|chunk| usize::try_from(u64::from_le_bytes(chunk.try_into().ok()?)).ok());
    Ok((offsets.filter(|&offset| offset > 0).collect(), end))
}

fn known_flags(index: usize) -> u8 {
    if index == 0 { APPENDED } else { 0 }
}
