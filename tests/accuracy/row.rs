//! One row of the table: figures, each with its bar.

/// A figure with what it must not exceed or must lie in.
struct Figure {
    text: String,
    met: bool,
}

/// One reference with its figures.
#[derive(Default)]
pub struct Row {
    figures: Vec<Figure>,
    notes: Vec<String>,
    missing: Option<String>,
}

impl Row {
    /// Returns a row whose data is not there.
    pub fn missing(file: &str) -> Self {
        Self { missing: Some(file.to_owned()), ..Self::default() }
    }

    /// Adds a figure that must not exceed a bar.
    pub fn at_most(mut self, what: &str, value: f64, bar: f64, unit: &str) -> Self {
        let text = format!("{what} {value:.3} {unit} (at most {bar} {unit})");
        self.figures.push(Figure { text, met: value <= bar });
        self
    }

    /// Adds a figure that must not fall below a bar.
    pub fn at_least(mut self, what: &str, value: f64, bar: f64, unit: &str) -> Self {
        let text = format!("{what} {value} {unit} (at least {bar} {unit})");
        self.figures.push(Figure { text, met: value >= bar });
        self
    }

    /// Adds a figure that is told without a bar.
    pub fn note(mut self, text: String) -> Self {
        self.notes.push(text);
        self
    }

    /// Prints the row under its name and returns it.
    pub fn print(self, name: &str) -> Self {
        if let Some(file) = &self.missing {
            println!("{name}: not measured, no {file}");
            return self;
        }
        println!("{name}: {}", if self.is_met() { "met" } else { "MISSED" });
        for figure in &self.figures {
            println!("  {} {}", if figure.met { "+" } else { "-" }, figure.text);
        }
        for note in &self.notes {
            println!("    {note}");
        }
        self
    }

    /// Returns true if the row's data was there.
    pub fn is_measured(&self) -> bool {
        self.missing.is_none()
    }

    /// Returns true if every figure keeps its bar.
    pub fn is_met(&self) -> bool {
        self.is_measured() && self.figures.iter().all(|figure| figure.met)
    }
}
