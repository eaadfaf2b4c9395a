//! One aircraft, one pilot: a lock that lasts as long as whoever holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The right to fly an aircraft from this machine; given back when dropped, or when the process ends, however it does.
#[derive(Debug)]
pub struct Lease {
    _file: File,
}

impl Lease {
    /// Takes the right to fly the vehicle at an address. The inner result is who holds it already.
    ///
    /// # Errors
    /// When the lock's file cannot be opened.
    pub fn take(folder: &Path, vehicle: &str, actor: &str) -> std::io::Result<Result<Self, String>> {
        std::fs::create_dir_all(folder)?;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = vehicle.chars().map(plain).collect();
        let path = folder.join(format!("{name}.lock"));
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                file.write_all(actor.as_bytes())?;
                Ok(Ok(Self { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                Ok(Err(if holder.is_empty() { "someone 他人".to_owned() } else { holder }))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pilots_cannot_hold_one_aircraft() {
        let folder = tempfile::tempdir().unwrap();
        let take = |vehicle: &str, actor: &str| Lease::take(folder.path(), vehicle, actor).unwrap();
        let first = take("udp://:14550", "张三").unwrap();
        assert_eq!(take("udp://:14550", "李四").unwrap_err(), "张三");
        assert!(take("udp://:14551", "李四").is_ok());
        drop(first);
        assert!(take("udp://:14550", "李四").is_ok());
    }
}
