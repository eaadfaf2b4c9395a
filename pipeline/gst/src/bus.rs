//! What GStreamer reports, in words for a person.

use gst::glib;
use gstreamer as gst;

use crate::inbox::Ending;

/// Returns how the connection ended, if the message says so.
pub fn ending(message: &gst::MessageRef) -> Option<Ending> {
    match message.view() {
        gst::MessageView::Eos(_) => Some(Ending::EndOfStream),
        gst::MessageView::Error(error) => {
            Some(classify(&error.error(), error.debug().as_deref().unwrap_or_default()))
        }
        _ => None,
    }
}

fn classify(error: &glib::Error, debug: &str) -> Ending {
    if error.matches(gst::StreamError::TypeNotFound) || error.matches(gst::StreamError::WrongType) {
        return Ending::Failed(format!("it is not a video: {}", in_words(error.message(), debug)));
    }
    if error.matches(gst::StreamError::CodecNotFound) || error.matches(gst::CoreError::MissingPlugin) {
        let hint =
            "its decoder is not installed (Debian packages gstreamer1.0-libav, gstreamer1.0-plugins-bad)";
        return Ending::Failed(format!("{hint}: {}", in_words(error.message(), debug)));
    }
    let hint = if error.matches(gst::StreamError::Demux) { "it is damaged or was cut off: " } else { "" };
    Ending::Failed(format!("{hint}{}", in_words(error.message(), debug)))
}

/// Joins GStreamer's message with the last line of its details, which names the real cause.
fn in_words(message: &str, debug: &str) -> String {
    let detail = debug.lines().last().unwrap_or_default();
    // The first line holds source file and element; only further lines speak to a person.
    let detail = if debug.lines().count() > 1 { sentence(detail) } else { String::new() };
    let message = sentence(message);
    if detail.is_empty() || detail == message { message } else { format!("{message} ({detail})") }
}

/// Lower case at the start, no full stop at the end.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    let second_is_lower = text.chars().nth(1).is_some_and(char::is_lowercase);
    match letters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_become_one_plain_clause() {
        let words = in_words(
            "Could not open resource for reading and writing.",
            "../gst/rtsp/gstrtspsrc.c(8120): gst_rtspsrc_retrieve_sdp ():\nFailed to connect. (Generic error)",
        );
        assert_eq!(
            words,
            "could not open resource for reading and writing (failed to connect. (Generic error))"
        );
        assert_eq!(in_words("RTSP server closed.", "only one line"), "RTSP server closed");
    }
}
