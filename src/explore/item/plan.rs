//! The items of a whole run as one text.

use super::{Item, text};
use std::fmt;

/// The word of the seed in a text.
const SEED: &str = "s=";

/// A run by its items: production order but for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::explore) struct Plan {
    /// The seed of the run, if the failure needs the one that it was found with.
    pub seed: Option<u64>,
    pub items: Vec<Item>,
}

impl Plan {
    /// Returns the plan of these items, with the usual seed.
    pub fn of(items: &[Item]) -> Plan {
        Plan {
            seed: None,
            items: items.to_vec(),
        }
    }

    /// Returns the plan that a text stands for.
    ///
    /// # Errors
    /// What cannot be read, in words.
    pub fn parse(text: &str) -> Result<Plan, String> {
        let mut seed = None;
        let mut words = Vec::new();
        for word in text.split_inclusive(';') {
            // The first word has the version in front.
            let (version, rest) = match word.strip_prefix(text::VERSION) {
                Some(rest) => (text::VERSION, rest),
                None => ("", word),
            };
            words.push(version);
            match rest.strip_prefix(SEED) {
                Some(value) => seed = Some(parse_seed(value.trim_end_matches(';'))?),
                None => words.push(rest),
            }
        }
        let items = text::parse(&words.concat())?;
        Ok(Plan { seed, items })
    }
}

fn parse_seed(value: &str) -> Result<u64, String> {
    let digits = value.strip_prefix("0x").unwrap_or_default();
    u64::from_str_radix(digits, 16).map_err(|_| format!("`{SEED}{value}` is no seed"))
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items = text::print(&self.items);
        let Some(seed) = self.seed else {
            return f.write_str(&items);
        };
        let rest = items.strip_prefix(text::VERSION).unwrap_or_default();
        let mark = if rest.is_empty() { "" } else { ";" };
        write!(f, "{}{SEED}{seed:#x}{mark}{rest}", text::VERSION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_its_plan_back() {
        for text in [
            "v1:",
            "v1:f=a@1",
            "v1:s=0x1f",
            "v1:s=0x1f;f=a@1;h=a@2>b@end",
        ] {
            let plan = Plan::parse(text).unwrap();
            assert_eq!(plan.to_string(), text);
        }
        assert_eq!(Plan::parse("v1:s=0x1f;f=a@1").unwrap().seed, Some(31));
        for text in ["", "v1:s=31", "v1:s=0xx", "s=0x1f", "v2:s=0x1f"] {
            assert!(Plan::parse(text).is_err(), "{text}");
        }
    }
}
