//! How the fields of a topic lie in its bytes, as the log itself declares.

use std::collections::BTreeMap;

/// Declarations nested deeper than this are not followed: autopilots nest two.
const MOST_NESTED: usize = 8;
/// Longest message, bytes: its size is a 16-bit number.
const MOST_BYTES: usize = u16::MAX as usize;

/// The declarations of a log by name.
#[derive(Debug, Default)]
pub struct Formats {
    fields: BTreeMap<String, Vec<Declared>>,
    sizes: BTreeMap<String, Option<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Declared {
    of: String,
    count: usize,
    name: String,
}

/// Where each plain field of a topic lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    fields: BTreeMap<String, Field>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    scalar: Scalar,
    count: usize,
    offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Unsigned(usize),
    Signed(usize),
    Float,
    Double,
}

impl Scalar {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "int8_t" => Self::Signed(1),
            "int16_t" => Self::Signed(2),
            "int32_t" => Self::Signed(4),
            "int64_t" => Self::Signed(8),
            "uint8_t" | "bool" | "char" => Self::Unsigned(1),
            "uint16_t" => Self::Unsigned(2),
            "uint32_t" => Self::Unsigned(4),
            "uint64_t" => Self::Unsigned(8),
            "float" => Self::Float,
            "double" => Self::Double,
            _ => return None,
        })
    }

    fn size(self) -> usize {
        match self {
            Self::Unsigned(bytes) | Self::Signed(bytes) => bytes,
            Self::Float => 4,
            Self::Double => 8,
        }
    }

    /// Returns the little-endian number in bytes of the right count.
    fn read(self, bytes: &[u8]) -> Option<f64> {
        let mut wide = [0; 8];
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let unused_bits = 64_usize.checked_sub(bytes.len() * 8)?;
        Some(match self {
            Self::Unsigned(_) => u64::from_le_bytes(wide) as f64,
            Self::Signed(_) => ((i64::from_le_bytes(wide) << unused_bits) >> unused_bits) as f64,
            Self::Float => f64::from(f32::from_le_bytes(bytes.try_into().ok()?)),
            Self::Double => f64::from_le_bytes(wide),
        })
    }
}

impl Formats {
    /// Takes a declaration: `name:type field;type[count] field;`.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn declare(&mut self, bytes: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("a format is no text: {error}"))?;
        let (name, list) = text.split_once(':').ok_or_else(|| format!("the format {text:?} has no name"))?;
        let fields = list.split(';').filter(|field| !field.is_empty()).map(|field| {
            declared(field).ok_or_else(|| format!("the format {name} has a field {field:?} of no known form"))
        });
        self.fields.insert(name.to_owned(), fields.collect::<Result<_, _>>()?);
        self.sizes.clear();
        Ok(())
    }

    /// Returns the layout of a topic, or `None` unless all that it is made of is declared.
    pub fn layout(&mut self, topic: &str) -> Option<Layout> {
        let mut layout = Layout::default();
        let mut offset: usize = 0;
        for field in self.fields.get(topic)?.clone() {
            if let Some(scalar) = Scalar::named(&field.of) {
                layout.fields.insert(field.name, Field { scalar, count: field.count, offset });
            }
            let size = self.size(&field.of, 0)?.checked_mul(field.count)?;
            offset = offset.checked_add(size).filter(|&end| end <= MOST_BYTES)?;
        }
        Some(layout)
    }

    fn size(&mut self, of: &str, depth: usize) -> Option<usize> {
        if let Some(scalar) = Scalar::named(of) {
            return Some(scalar.size());
        }
        if let Some(known) = self.sizes.get(of) {
            return *known;
        }
        let size = if depth < MOST_NESTED { self.sum(of, depth) } else { None };
        self.sizes.insert(of.to_owned(), size);
        size
    }

    fn sum(&mut self, of: &str, depth: usize) -> Option<usize> {
        let fields = self.fields.get(of)?.clone();
        fields.iter().try_fold(0_usize, |sum, field| {
            let size = self.size(&field.of, depth + 1)?.checked_mul(field.count)?;
            sum.checked_add(size).filter(|&sum| sum <= MOST_BYTES)
        })
    }
}

fn declared(text: &str) -> Option<Declared> {
    let (of, name) = text.split_once(' ')?;
    let (of, count) = match of.split_once('[') {
        Some((of, count)) => (of, count.strip_suffix(']')?.parse().ok()?),
        None => (of, 1),
    };
    Some(Declared { of: of.to_owned(), count, name: name.to_owned() })
}

/// The bytes of one message with their layout.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// How they lie.
    pub layout: &'a Layout,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl Row<'_> {
    /// Returns a finite number; `None` where the field is missing, cut, or not finite.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.element(name, 0)
    }

    /// Returns the finite numbers of an array.
    pub fn numbers<const N: usize>(&self, name: &str) -> Option<[f64; N]> {
        let mut numbers = [0.0; N];
        for (index, number) in numbers.iter_mut().enumerate() {
            *number = self.element(name, index)?;
        }
        Some(numbers)
    }

    fn element(&self, name: &str, index: usize) -> Option<f64> {
        let field = self.layout.fields.get(name).filter(|field| index < field.count)?;
        let from = field.offset + index * field.scalar.size();
        let bytes = self.bytes.get(from..from + field.scalar.size())?;
        field.scalar.read(bytes).filter(|number| number.is_finite())
    }
}
