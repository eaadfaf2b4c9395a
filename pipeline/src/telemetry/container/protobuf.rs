//! The wire format of protocol buffers, as far as telemetry needs it.

use crate::telemetry::bytes::Bytes;

/// A value on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wire<'a> {
    /// Integers, enums and truth values.
    Varint(u64),
    /// Doubles.
    Fixed64([u8; 8]),
    /// Messages, text and packed lists.
    Bytes(&'a [u8]),
    /// Floats.
    Fixed32([u8; 4]),
}

/// A message: its fields are read anew at each question.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a>(pub &'a [u8]);

impl<'a> Message<'a> {
    /// Returns the fields in the order written, up to the first that cannot be read.
    pub fn fields(self) -> impl Iterator<Item = (u64, Wire<'a>)> {
        let mut bytes = Bytes::new(self.0);
        std::iter::from_fn(move || next_field(&mut bytes))
    }

    /// Says whether every byte belongs to a field.
    pub fn is_whole(self) -> bool {
        let mut bytes = Bytes::new(self.0);
        while next_field(&mut bytes).is_some() {}
        bytes.is_empty()
    }

    /// Returns the last value of a field, as the format demands.
    pub fn get(self, number: u64) -> Option<Wire<'a>> {
        self.fields().filter(|(found, _)| *found == number).last().map(|(_, wire)| wire)
    }

    /// Returns a message inside.
    pub fn message(self, number: u64) -> Option<Self> {
        match self.get(number)? {
            Wire::Bytes(bytes) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// Returns a double.
    pub fn double(self, number: u64) -> Option<f64> {
        match self.get(number)? {
            Wire::Fixed64(bytes) => Some(f64::from_le_bytes(bytes)),
            _ => None,
        }
    }

    /// Returns a float.
    pub fn float(self, number: u64) -> Option<f32> {
        match self.get(number)? {
            Wire::Fixed32(bytes) => Some(f32::from_le_bytes(bytes)),
            _ => None,
        }
    }

    /// Returns an integer; zero is not written and so absent.
    pub fn integer(self, number: u64) -> Option<i64> {
        match self.get(number)? {
            Wire::Varint(value) => Some(value as i64),
            _ => None,
        }
    }
}

fn next_field<'a>(bytes: &mut Bytes<'a>) -> Option<(u64, Wire<'a>)> {
    let mut ahead = *bytes;
    let key = varint(&mut ahead)?;
    let wire = match key & 7 {
        0 => Wire::Varint(varint(&mut ahead)?),
        1 => Wire::Fixed64(ahead.array()?),
        2 => {
            let length = usize::try_from(varint(&mut ahead)?).ok()?;
            Wire::Bytes(ahead.take(length)?)
        }
        5 => Wire::Fixed32(ahead.array()?),
        _ => return None,
    };
    *bytes = ahead;
    Some((key >> 3, wire))
}

fn varint(bytes: &mut Bytes<'_>) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = bytes.u8()?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
