//! Answers to requests with an Idempotency-Key, so that one that is sent again is not done again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Answers kept.
const KEPT: usize = 10_000;
/// Longest key, bytes.
const LONGEST_KEY: usize = 200;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Nothing.
    New,
    /// The same request was answered so.
    Answered(Value),
    /// Another request had this key.
    Other,
    /// The key is empty or too long.
    Unusable,
}

/// Answers by caller and key.
#[derive(Debug, Default)]
pub struct Answers {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Hash of the request and answer, by caller and key.
    answers: HashMap<String, (String, Value)>,
    /// The same keys, oldest first.
    order: VecDeque<String>,
}

impl Answers {
    /// Looks a key up. `request` is the body's hash.
    pub fn find(&self, caller: &str, key: &str, request: &str) -> Known {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Known::Unusable;
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.answers.get(&format!("{caller}\0{key}")) {
            None => Known::New,
            Some((same, answer)) if same == request => Known::Answered(answer.clone()),
            Some(_) => Known::Other,
        }
    }

    /// Keeps an answer; the oldest makes room.
    pub fn keep(&self, caller: &str, key: &str, request: &str, answer: &Value) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{caller}\0{key}");
        if kept.answers.insert(name.clone(), (request.to_owned(), answer.clone())).is_none() {
            kept.order.push_back(name);
        }
        while kept.order.len() > KEPT {
            if let Some(oldest) = kept.order.pop_front() {
                kept.answers.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_sent_again_gets_the_first_answer_and_another_with_its_key_none() {
        let answers = Answers::default();
        assert_eq!(answers.find("li", "k", "a"), Known::New);
        answers.keep("li", "k", "a", &Value::from(1));
        assert_eq!(answers.find("li", "k", "a"), Known::Answered(Value::from(1)));
        assert_eq!(answers.find("li", "k", "b"), Known::Other);
        assert_eq!(answers.find("wang", "k", "a"), Known::New);
        assert_eq!(answers.find("li", "", "a"), Known::Unusable);
    }

    #[test]
    fn the_oldest_answer_makes_room() {
        let answers = Answers::default();
        for i in 0..=KEPT {
            answers.keep("li", &i.to_string(), "a", &Value::Null);
        }
        assert_eq!(answers.find("li", "0", "a"), Known::New);
        assert_eq!(answers.find("li", "1", "a"), Known::Answered(Value::Null));
    }
}
