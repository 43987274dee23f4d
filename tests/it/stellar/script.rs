//! A scenario as it is written down: its `vocabulary` as types. A word that is not among them is an error that names
//! it.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The part of an entry that is played; everything else in it is for reading.
#[derive(Debug)]
pub struct Script {
    pub works: BTreeMap<String, WorkDef>,
    pub ops: Vec<Op>,
    pub must_match: MustMatch,
}

impl Script {
    /// # Errors
    /// A word that is not in the vocabulary, or one that is missing.
    pub fn read(entry: &Value) -> Result<Script, String> {
        let part = |name: &str| entry.get(name).cloned().unwrap_or_default();
        let bad = |part: &str, error: serde_json::Error| format!("cannot read `{part}`: {error}");
        let mut works = BTreeMap::new();
        for work in list(part("works"), "works")? {
            let work: WorkDef = from(work).map_err(|error| bad("works", error))?;
            work.check()?;
            if let Some(twin) = works.insert(work.name.clone(), work) {
                return Err(format!("two works are named `{}`", twin.name));
            }
        }
        let ops = list(part("ops"), "ops")?.into_iter().map(from);
        let ops: Vec<Op> = ops
            .collect::<Result<_, _>>()
            .map_err(|error| bad("ops", error))?;
        let must_match = from(part("must_match")).map_err(|error| bad("must_match", error))?;
        Ok(Script {
            works,
            ops,
            must_match,
        })
    }

    /// # Errors
    /// There is none of that name.
    pub fn work(&self, name: &str) -> Result<&WorkDef, String> {
        let work = self.works.get(name);
        work.ok_or_else(|| format!("no work is named `{name}`"))
    }

    /// The works whose parent this is, in the order of their index.
    pub fn children<'a>(&'a self, parent: &'a str) -> Vec<&'a WorkDef> {
        let all = self.works.values();
        let own = all.filter(|work| work.parent.as_deref() == Some(parent));
        let mut own: Vec<_> = own.collect();
        own.sort_by_key(|work| work.index);
        own
    }
}

fn from<T: for<'a> Deserialize<'a>>(value: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(value)
}

fn list(value: Value, name: &str) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(format!("`{name}` is no list but {other}")),
    }
}

/// A work. Which of the optional parts it has depends on its kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkDef {
    pub name: String,
    pub kind: Kind,
    pub parent: Option<String>,
    pub index: usize,
    pub added_by: AddedBy,
    #[serde(default)]
    pub max_retries: u32,
    #[serde(default)]
    pub abort_false_times: u32,
    pub steps: Option<u32>,
    #[serde(default)]
    pub step_ms: u64,
    #[serde(default)]
    pub fails: Fails,
    pub wait: Option<Wait>,
    pub turns: Option<Vec<TurnDef>>,
    #[serde(default)]
    pub spawns: Vec<Spawn>,
    pub body: Option<Body>,
    pub stop_at_first_failure: Option<bool>,
    pub width: Option<usize>,
    pub count: Option<usize>,
    pub attempt: Option<u32>,
    pub gate: Option<Gate>,
    pub poll_ms: Option<u64>,
    pub returns: Option<Returns>,
}

impl WorkDef {
    fn check(&self) -> Result<(), String> {
        let (there, what) = match self.kind {
            Kind::Leaf => (self.steps.is_some() || self.turns.is_some(), "steps"),
            Kind::Parent => (self.body.is_some(), "body"),
            Kind::Sequence => (
                self.stop_at_first_failure.is_some(),
                "stop_at_first_failure",
            ),
            Kind::Batch => (
                self.width.is_some() && self.count.is_some(),
                "width and count",
            ),
            Kind::Conditional => (self.gate.is_some(), "gate"),
            Kind::Callback => (self.returns.is_some(), "returns"),
        };
        match there {
            true => Ok(()),
            false => Err(format!("the {:?} `{}` has no {what}", self.kind, self.name)),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Leaf,
    Parent,
    Sequence,
    Batch,
    Conditional,
    Callback,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub enum AddedBy {
    Op,
    Parent,
    Body,
    Run { work: String, at_run: u64 },
}

impl TryFrom<Value> for AddedBy {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Run {
            work: String,
            at_run: u64,
        }
        match value.as_str() {
            Some("op") => Ok(AddedBy::Op),
            Some("parent") => Ok(AddedBy::Parent),
            Some("body") => Ok(AddedBy::Body),
            Some(other) => Err(format!("added_by: unknown word `{other}`")),
            None => from::<Run>(value)
                .map(|Run { work, at_run }| AddedBy::Run { work, at_run })
                .map_err(|error| format!("added_by: {error}")),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Fails {
    #[default]
    Never,
    Always,
    FirstAttempts(u64),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    External,
    TimerMs(u64),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnDef {
    #[serde(default)]
    pub ms: u64,
    #[serde(default)]
    pub arm_ms: Vec<u64>,
    pub then: Then,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    Again,
    Wait,
    Success,
    Fail,
    Panic,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spawn {
    pub at_run: u64,
    pub works: Vec<String>,
}

/// The calls of a parent; a call that is not listed does as `children`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct Body(pub Vec<Call>);

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub attempt: u32,
    pub call: u32,
    #[serde(default)]
    pub add: Vec<String>,
    pub then: Then,
}

impl TryFrom<Value> for Body {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value.as_str() {
            Some("children") => Ok(Body(Vec::new())),
            Some(other) => Err(format!("body: unknown word `{other}`")),
            None => from(value)
                .map(Body)
                .map_err(|error| format!("body: {error}")),
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    Always,
    Never,
    VirtualMsAtLeast(u64),
    Succeeded(String),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    True,
    False,
    Error,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Op {
    Add {
        work: String,
        expect: Option<Refused>,
    },
    AddChild {
        parent: String,
        work: String,
        expect: Option<Refused>,
    },
    RunUntil {
        cond: Cond,
    },
    Shutdown {},
    Cancel {
        work: String,
    },
    Wake {
        work: String,
    },
    Restart {
        work: String,
    },
    AdvanceMs {
        ms: u64,
    },
    Expect {
        work: Option<String>,
        state: Option<States>,
        live: Option<u64>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    Refused,
}

/// Holds when all parts hold that are given.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cond {
    pub all_settled: Vec<String>,
    pub work: Option<String>,
    pub state: Option<States>,
    pub on_run: Option<u64>,
    pub on_abort: Option<u64>,
    pub virtual_ms: Option<u64>,
    pub idle: Option<bool>,
    pub all: Vec<Cond>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum State {
    Success,
    Failed,
    Cancelled,
    Waiting,
    Running,
    Pending,
}

/// One state, or any of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct States(pub Vec<State>);

impl TryFrom<Value> for States {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let states = match value {
            Value::Array(states) => states,
            one => vec![one],
        };
        let states = states.into_iter().map(from);
        let states: Result<_, _> = states.collect();
        states
            .map(States)
            .map_err(|error| format!("state: {error}"))
    }
}

/// A number, or `[least, most]`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct Bounds(pub u64, pub u64);

impl TryFrom<Value> for Bounds {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        if let Some(exact) = value.as_u64() {
            return Ok(Bounds(exact, exact));
        }
        let bounds: [u64; 2] = from(value).map_err(|error| format!("bounds: {error}"))?;
        Ok(Bounds(bounds[0], bounds[1]))
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    #[serde(rename = "on_run")]
    Run,
    #[serde(rename = "on_abort")]
    Abort,
    #[serde(rename = "on_reset")]
    Reset,
    #[serde(rename = "on_success")]
    Success,
    #[serde(rename = "on_failure_retry")]
    FailureRetry,
    #[serde(rename = "on_failure_raise")]
    FailureRaise,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MustMatch {
    pub states: BTreeMap<String, States>,
    pub counts: BTreeMap<String, BTreeMap<Hook, Bounds>>,
    pub backoffs: BTreeMap<String, Vec<Bounds>>,
    pub order: Vec<Order>,
    pub start_order: BTreeMap<String, Vec<String>>,
    pub before: Vec<(String, String)>,
    pub max_in_flight: BTreeMap<String, usize>,
    pub virtual_ms: Option<Bounds>,
    pub total_turns_max: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub among: Vec<String>,
    pub runs: Vec<String>,
}
