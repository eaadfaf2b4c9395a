//! How a picture must be turned to be shown upright.

use gstreamer as gst;
use models::RgbImage;

/// Turn and mirror, as the `image-orientation` tag states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orientation {
    /// Mirrored left to right before the turn.
    flip: bool,
    /// Quarter turns clockwise, 0 to 3.
    quarter_turns: u8,
}

impl Orientation {
    /// Reads the tag, for example `rotate-90` or `flip-rotate-180`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let (flip, rest) = tag.strip_prefix("flip-").map_or((false, tag), |rest| (true, rest));
        let quarter_turns = match rest {
            "rotate-0" => 0,
            "rotate-90" => 1,
            "rotate-180" => 2,
            "rotate-270" => 3,
            _ => return None,
        };
        Some(Self { flip, quarter_turns })
    }

    /// Reads the tag from a list of tags, if it is there.
    pub fn from_tags(tags: &gst::TagListRef) -> Option<Self> {
        tags.get::<gst::tags::ImageOrientation>().and_then(|value| Self::from_tag(value.get()))
    }

    /// Returns whether nothing has to be done.
    pub fn upright(self) -> bool {
        self == Self::default()
    }

    /// Returns whether width and height change places.
    pub fn sideways(self) -> bool {
        self.quarter_turns % 2 == 1
    }

    /// Returns the picture upright.
    ///
    /// # Shape
    /// `[height, width, 3]` in, `[width, height, 3]` out when [`Self::sideways`].
    pub fn turned(self, image: RgbImage) -> RgbImage {
        if self.upright() {
            return image;
        }
        let (width, height) = (image.width as usize, image.height as usize);
        let (out_width, out_height) = if self.sideways() { (height, width) } else { (width, height) };
        let mut data = Vec::with_capacity(image.data.len());
        for y in 0..out_height {
            for x in 0..out_width {
                let (from_x, from_y) = self.origin_of(x, y, width, height);
                let at = (from_y * width + from_x) * 3;
                data.extend_from_slice(image.data.get(at..at + 3).unwrap_or(&[0; 3]));
            }
        }
        RgbImage { width: out_width as u32, height: out_height as u32, data }
    }

    /// Returns the pixel of the stored picture that is seen at (x, y) of the upright one.
    fn origin_of(self, x: usize, y: usize, width: usize, height: usize) -> (usize, usize) {
        let (from_x, from_y) = match self.quarter_turns {
            0 => (x, y),
            1 => (y, height - 1 - x),
            2 => (width - 1 - x, height - 1 - y),
            _ => (width - 1 - y, x),
        };
        (if self.flip { width - 1 - from_x } else { from_x }, from_y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns the picture `ab / cd / ef` (2 wide, 3 high) and gives its rows.
    fn turned(tag: &str) -> String {
        let data = "abcdef".bytes().flat_map(|b| [b, b, b]).collect();
        let image = RgbImage::new(2, 3, data).unwrap();
        let turned = Orientation::from_tag(tag).unwrap().turned(image);
        let letters: Vec<u8> = turned.data.iter().copied().step_by(3).collect();
        let rows: Vec<_> = letters
            .chunks(turned.width as usize)
            .map(|row| String::from_utf8_lossy(row).into_owned())
            .collect();
        rows.join("/")
    }

    #[test]
    fn pictures_turn_clockwise_after_the_mirror() {
        assert_eq!(turned("rotate-0"), "ab/cd/ef");
        assert_eq!(turned("rotate-90"), "eca/fdb");
        assert_eq!(turned("rotate-180"), "fe/dc/ba");
        assert_eq!(turned("rotate-270"), "bdf/ace");
        assert_eq!(turned("flip-rotate-0"), "ba/dc/fe");
        assert_eq!(turned("flip-rotate-180"), "ef/cd/ab");
        assert_eq!(turned("flip-rotate-90"), "fdb/eca");
        assert_eq!(turned("flip-rotate-270"), "ace/bdf");
    }

    #[test]
    fn an_unknown_tag_is_no_orientation() {
        assert_eq!(Orientation::from_tag("rotate-45"), None);
    }
}
