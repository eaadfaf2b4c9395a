//! OpenCV behind the pipeline: outlines of masks, pictures read and written.
