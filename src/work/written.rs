//! Names, ids and failures as serde writes them: see the section "Serde" of the crate page.

use super::{Failure, FailureKind, Name, WorkId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Name::from)
    }
}

/// An id is its serial number, since its other parts mean nothing outside of the process.
impl Serialize for WorkId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.serial())
    }
}

/// A failure as serde writes it.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'a FailureKind,
    text: String,
    is_final: bool,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written {
            kind: self.kind(),
            text: self.to_string(),
            is_final: self.is_final(),
        };
        written.serialize(serializer)
    }
}
