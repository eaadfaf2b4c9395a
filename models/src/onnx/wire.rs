//! The protobuf wire format, one field at a time, borrowed.
//!
//! # References
//! Protocol Buffers documentation, "Encoding": a key is `field << 3 | type`; groups (types 3 and 4) are refused.

use super::OnnxError;

/// One value as it lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Varint(u64),
    Fixed64,
    Fixed32,
    Bytes(&'a [u8]),
}

/// Reads the fields of one message.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    message: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], message: &'static str) -> Self {
        Self { rest: bytes, message }
    }

    pub(super) fn message(&self) -> &'static str {
        self.message
    }

    /// Returns number and value of the next field, `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, OnnxError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = u32::try_from(key >> 3).ok().filter(|field| *field > 0);
        let field = field.ok_or(OnnxError::BadWire { message: self.message })?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed32)?,
            _ => return Err(OnnxError::BadWire { message: self.message }),
        };
        Ok(Some((field, value)))
    }

    /// Returns the next base-128 number; at most ten bytes, and no bits past the 64th.
    pub(super) fn varint(&mut self) -> Result<u64, OnnxError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(OnnxError::CutOff { message: self.message })?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(OnnxError::BadWire { message: self.message })
    }

    pub(super) fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], OnnxError> {
        let cut_off = OnnxError::CutOff { message: self.message };
        let length = usize::try_from(length).map_err(|_| cut_off.clone())?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(cut_off)?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<(u32, Value<'_>)>, OnnxError> {
        Fields::new(bytes, "Test").next()
    }

    #[test]
    fn the_examples_of_the_encoding_guide_are_read() {
        assert_eq!(read(&[0x08, 0x96, 0x01]), Ok(Some((1, Value::Varint(150)))));
        assert_eq!(read(b"\x12\x07testing"), Ok(Some((2, Value::Bytes(b"testing")))));
        assert_eq!(read(&[]), Ok(None));
    }

    #[test]
    fn cut_and_malformed_fields_are_refused() {
        let cut = Err(OnnxError::CutOff { message: "Test" });
        let bad = Err(OnnxError::BadWire { message: "Test" });
        assert_eq!(read(&[0x08]), cut);
        assert_eq!(read(&[0x12, 0x07, b't']), cut);
        assert_eq!(read(&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), cut);
        assert_eq!(read(&[0x09, 0, 0]), cut);
        assert_eq!(read(&[0x00, 0x01]), bad, "field number 0");
        assert_eq!(read(&[0x0b, 0x01]), bad, "a group");
        assert_eq!(read(&[0xff; 11]), bad, "a number without end");
    }
}
