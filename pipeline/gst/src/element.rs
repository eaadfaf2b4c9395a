//! GStreamer elements by name, with the Debian package to install when one is missing.

use gstreamer as gst;

/// Makes an element.
///
/// # Errors
/// Says which element is missing and which Debian package holds it.
pub fn make(factory: &str) -> Result<gst::Element, String> {
    gst::ElementFactory::make(factory).build().map_err(|_| {
        let package = package(factory);
        format!(
            "GStreamer element {factory} is missing (Debian package {package}; \
             if it is installed, GStreamer's plugin cache is stale: delete ~/.cache/gstreamer-1.0)"
        )
    })
}

fn package(factory: &str) -> &'static str {
    match factory {
        "filesrc" | "filesink" | "fakesink" => "libgstreamer1.0-0",
        "decodebin" | "appsink" | "appsrc" | "videoconvert" => "gstreamer1.0-plugins-base",
        "srtsrc" | "tsdemux" => "gstreamer1.0-plugins-bad",
        name if name.starts_with("avdec_") => "gstreamer1.0-libav",
        _ => "gstreamer1.0-plugins-good",
    }
}

/// Starts GStreamer once.
///
/// # Errors
/// When the library cannot start.
pub fn start_gstreamer() -> Result<(), String> {
    gst::init().map_err(|e| format!("GStreamer cannot start: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_element_names_its_debian_package() {
        start_gstreamer().unwrap();
        let error = make("avdec_of_no_codec").unwrap_err();
        assert!(error.contains("Debian package gstreamer1.0-libav"), "{error}");
    }
}
