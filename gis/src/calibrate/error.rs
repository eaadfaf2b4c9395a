//! Why a camera cannot be calibrated from its points.

use thiserror::Error;

/// Points from which no camera follows.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// Too few for what is searched.
    #[error("{found} points, expected at least {least} to find {unknowns} unknowns")]
    TooFew {
        /// Points given.
        found: usize,
        /// Least points.
        least: usize,
        /// Parameters searched.
        unknowns: usize,
    },
    /// A number is not finite or not in the picture.
    #[error("point {name}: {what}")]
    BadMark {
        /// The point.
        name: String,
        /// What is wrong with it, with the value.
        what: String,
    },
    /// All points lie on one line.
    #[error("all {found} points lie within {off_m:.2} m of one line: add points beside it")]
    OneLine {
        /// Points given.
        found: usize,
        /// Largest distance from the line, metres.
        off_m: f64,
    },
    /// All points lie in a small part of the picture.
    #[error("all points lie in {share_percent:.1} % of the picture: add points near its edges")]
    Crowded {
        /// Share of the picture that their box takes.
        share_percent: f64,
    },
    /// No start leads to a camera that sees the points.
    #[error("no camera sees the points where they are marked: check names, pixels and axes")]
    NoCamera,
    /// The points do not determine what is searched.
    #[error(
        "the points do not determine {parameters}: add points at other heights and distances, or state the lens"
    )]
    NotDetermined {
        /// What stays open.
        parameters: String,
    },
    /// The fit is far worse than pixels can be clicked.
    #[error("the points fit only to {median_px:.0} px (median): {hint}")]
    BadFit {
        /// Median length of the residuals, pixels.
        median_px: f64,
        /// What may be wrong.
        hint: String,
    },
}
