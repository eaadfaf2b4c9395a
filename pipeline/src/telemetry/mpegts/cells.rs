//! Metadata access unit cells of synchronous KLV.

use crate::telemetry::bytes::Bytes;

/// Longest access unit put together, bytes.
const MAX_UNIT_BYTES: usize = 1 << 20;

/// Puts access units together from their cells.
#[derive(Debug, Clone, Default)]
pub struct CellJoiner {
    unit: Vec<u8>,
    next_sequence: Option<u8>,
}

/// The part of an access unit a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Middle,
    Last,
    First,
    Whole,
}

impl Part {
    /// `cell_fragment_indication`, the top two bits of the flags.
    fn of(flags: u8) -> Self {
        match flags >> 6 {
            0b00 => Self::Middle,
            0b01 => Self::Last,
            0b10 => Self::First,
            _ => Self::Whole,
        }
    }
}

impl CellJoiner {
    /// Forgets an unfinished unit: packets were lost.
    pub fn reset(&mut self) {
        self.unit.clear();
        self.next_sequence = None;
    }

    /// Takes the cells of one PES payload and returns every access unit they complete.
    ///
    /// # Errors
    /// A sentence on the first cell that is cut or out of order; units before it are given.
    ///
    /// # References
    /// ISO/IEC 13818-1, 2.12.4, table 2-97: service id, sequence number, flags, length of 16 bits.
    pub fn push(&mut self, payload: &[u8]) -> (Vec<Vec<u8>>, Result<(), String>) {
        let mut units = Vec::new();
        let mut cells = Bytes::new(payload);
        while !cells.is_empty() {
            if let Err(what) = self.take_cell(&mut cells, &mut units) {
                self.reset();
                return (units, Err(what));
            }
        }
        (units, Ok(()))
    }

    fn take_cell(&mut self, cells: &mut Bytes<'_>, units: &mut Vec<Vec<u8>>) -> Result<(), String> {
        let header: [u8; 5] = cells.array().ok_or("an access unit cell ends inside its header")?;
        let [_service, sequence, flags, length_high, length_low] = header;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let left = cells.rest().len();
        let data = cells
            .take(length)
            .ok_or_else(|| format!("an access unit cell claims {length} bytes but only {left} are left"))?;
        let part = Part::of(flags);
        let continues = matches!(part, Part::Middle | Part::Last);
        let in_order = !self.unit.is_empty() && self.next_sequence == Some(sequence);
        self.next_sequence = Some(sequence.wrapping_add(1));
        if continues && !in_order {
            return Err(format!("access unit cell {sequence} continues a unit whose start is missing"));
        }
        self.join(part, data, units)
    }

    fn join(&mut self, part: Part, data: &[u8], units: &mut Vec<Vec<u8>>) -> Result<(), String> {
        if matches!(part, Part::First | Part::Whole) {
            self.unit.clear();
        }
        if self.unit.len() + data.len() > MAX_UNIT_BYTES {
            return Err(format!("an access unit grows beyond {MAX_UNIT_BYTES} bytes"));
        }
        self.unit.extend_from_slice(data);
        if matches!(part, Part::Last | Part::Whole) {
            units.push(std::mem::take(&mut self.unit));
        }
        Ok(())
    }
}
