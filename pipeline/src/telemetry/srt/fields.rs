//! Named values in the text of a cue, whatever the dialect.

/// The fields of one cue, by lower-case name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    pairs: Vec<(String, &'a str)>,
    calls: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    /// Finds every field in a line and adds it.
    pub fn add_line(&mut self, line: &'a str) {
        let line = without_markup(line);
        let open = line.split_once('[').map_or(line, |(before, _)| before);
        self.add_brackets(line);
        self.add_calls(open);
        self.add_pairs(open.rsplit(')').next().unwrap_or(open));
        self.add_list(open);
    }

    /// Returns the text of the first of these names that is there.
    pub fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| *value))
    }

    /// Says whether a field is written `NAME(..)`.
    pub fn is_call(&self, name: &str) -> bool {
        self.calls.iter().any(|call| call.eq_ignore_ascii_case(name))
    }

    fn add(&mut self, name: &str, value: &'a str) {
        let value = value.trim().trim_end_matches(',').trim();
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic()) && !name.contains(':');
        if is_name && !value.is_empty() {
            self.pairs.push((name.to_ascii_lowercase(), value));
        }
    }

    /// `[name: value]` and `[name: value name: value]`; a bracket that is not closed was cut and is left out.
    fn add_brackets(&mut self, line: &'a str) {
        for inside in line.split('[').skip(1).filter_map(|part| part.split_once(']')) {
            self.add_pairs(inside.0);
        }
    }

    /// `name: value name: value`, with or without blanks around the colons.
    fn add_pairs(&mut self, text: &'a str) {
        let mut parts = text.split(':');
        let mut name = parts.next().map(last_word).unwrap_or_default();
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            let next_name = last_word(part);
            let is_last = parts.peek().is_none();
            let value = if is_last { part } else { part.trim_end().strip_suffix(next_name).unwrap_or(part) };
            self.add(name, value);
            name = next_name;
        }
    }

    /// `NAME(value, value)` and `NAME (value, value)`.
    fn add_calls(&mut self, text: &'a str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('(') {
            let Some((inside, behind)) = after.split_once(')') else { return };
            self.add(last_word(before), inside);
            self.calls.push(last_word(before));
            rest = behind;
        }
    }

    /// `F/5.6, SS 400, H 85.80m`.
    fn add_list(&mut self, text: &'a str) {
        for part in text.split(',').map(str::trim) {
            if let Some(stop) = part.strip_prefix("F/") {
                self.add("fnum", stop);
            } else if let Some((name, value)) = part.split_once(' ')
                && !value.contains([' ', '('])
            {
                self.add(name, value);
            }
        }
    }
}

/// Returns the line without tags such as `<font size="28">` and `</font>`.
fn without_markup(line: &str) -> &str {
    let line = line.strip_suffix("</font>").unwrap_or(line);
    match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((_, inside)) => inside,
        None => line,
    }
}

fn last_word(text: &str) -> &str {
    text.split_whitespace().next_back().unwrap_or_default().trim_start_matches(',')
}
