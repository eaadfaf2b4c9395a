//! Why a picture cannot be read, drawn on or written.

use models::SizePx;

/// What went wrong with a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CvError {
    /// There are no bytes.
    #[error("picture is empty")]
    Empty,
    /// The bytes are neither JPEG nor PNG.
    #[error("picture is neither JPEG nor PNG, it starts with {start:02x?}")]
    Kind {
        /// First bytes.
        start: Vec<u8>,
    },
    /// The bytes end before the picture does.
    #[error("picture is cut off after {bytes} bytes")]
    CutOff {
        /// Bytes there are.
        bytes: usize,
    },
    /// The picture is larger than any camera makes.
    #[error("picture of {size} has more than {limit} pixels")]
    TooLarge {
        /// Size in the file's header.
        size: SizePx,
        /// Most pixels.
        limit: u64,
    },
    /// The bytes look right and cannot be decoded.
    #[error("picture of {size} cannot be decoded")]
    Undecodable {
        /// Size in the file's header.
        size: SizePx,
    },
    /// A mask with several channels or more than 8 bits.
    #[error("mask has {channels} channels of {bits} bits, want one of 8")]
    MaskFormat {
        /// Channels.
        channels: u8,
        /// Bits a channel.
        bits: u16,
    },
    /// A size without area.
    #[error("a picture cannot be scaled to {size}")]
    Size {
        /// Size asked for.
        size: SizePx,
    },
    /// The encoder refused.
    #[error("picture of {size} cannot be encoded")]
    Encode {
        /// Size of the picture.
        size: SizePx,
        /// What the encoder said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// OpenCV refused.
    #[error("opencv failed")]
    OpenCv(#[from] opencv::Error),
}
