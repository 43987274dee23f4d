//! Reading programs: names are looked up here, once.

use super::program::{Code, Expr, Instr, Local, Op, Place, Turn};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is shared of one kind: the place and size of each name, and all values.
#[derive(Default)]
pub struct Shared {
    names: BTreeMap<String, (usize, usize)>,
    pub values: Vec<i64>,
}

impl Shared {
    /// Reads a map from names to values, or to the number of values if `counts`.
    fn new(source: Option<&Value>, counts: bool) -> Option<Shared> {
        let mut shared = Shared::default();
        let none = Map::new();
        for (name, value) in source.and_then(Value::as_object).unwrap_or(&none) {
            let values = match value.as_array() {
                Some(values) => values.iter().map(Value::as_i64).collect::<Option<_>>()?,
                None if counts => vec![0; value.as_u64()? as usize],
                None => vec![value.as_i64()?],
            };
            let place = (shared.values.len(), values.len());
            shared.names.insert(name.clone(), place);
            shared.values.extend(values);
        }
        Some(shared)
    }
}

/// A program whose code is being read.
pub struct Parsed<'a> {
    procs: &'a Map<String, Value>,
    threads: BTreeMap<&'a str, usize>,
    pub vars: Shared,
    pub mutexes: Shared,
    pub conds: Shared,
    pub sems: Shared,
    /// The procedures that have been read, with the names of their locals.
    known: BTreeMap<String, (Arc<Code>, Vec<String>)>,
}

impl<'a> Parsed<'a> {
    pub fn new(source: &'a Value) -> Option<Parsed<'a>> {
        let threads = source.get("threads")?.as_array()?.iter();
        let names = threads.map(|thread| thread.get(0)?.as_str());
        let names = names.collect::<Option<Vec<&str>>>()?;
        Some(Parsed {
            procs: source.get("procs")?.as_object()?,
            threads: names.into_iter().zip(0..).collect(),
            vars: Shared::new(source.get("vars"), false)?,
            mutexes: Shared::new(source.get("mutexes"), true)?,
            conds: Shared::new(source.get("conds"), true)?,
            sems: Shared::new(source.get("sems"), false)?,
            known: BTreeMap::new(),
        })
    }

    pub fn thread(&self, name: &str) -> Option<usize> {
        self.threads.get(name).copied()
    }

    /// Returns the code of a procedure, and the names of its locals.
    pub fn proc(&mut self, name: &str) -> Option<(Arc<Code>, Vec<String>)> {
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        let (code, names) = self.code(Some(self.procs.get(name)?))?;
        let read = (Arc::new(code), names);
        self.known.insert(name.to_owned(), read.clone());
        Some(read)
    }

    /// Returns the code of a list of instructions, and the names of the locals in it.
    pub fn code(&self, source: Option<&Value>) -> Option<(Code, Vec<String>)> {
        let none = Vec::new();
        let source = source.and_then(Value::as_array).unwrap_or(&none);
        let mut reader = Reader {
            of: self,
            labels: BTreeMap::new(),
            locals: Vec::new(),
        };
        let mut instrs = Vec::new();
        for instr in source {
            match instr.get(0)?.as_str()? {
                "label" => {
                    reader.labels.insert(instr.get(1)?.as_str()?, instrs.len());
                }
                word => instrs.push((word, instr.as_array()?)),
            }
        }
        let instrs = instrs.into_iter();
        let code = instrs.map(|(word, parts)| reader.instr(word, &parts[1..]));
        Some((code.collect::<Option<_>>()?, reader.locals))
    }
}

/// Reads the instructions of one procedure.
struct Reader<'a> {
    of: &'a Parsed<'a>,
    labels: BTreeMap<&'a str, usize>,
    locals: Vec<String>,
}

impl Reader<'_> {
    fn instr(&mut self, word: &str, parts: &[Value]) -> Option<Instr> {
        match self.turn(word, parts) {
            Some(turn) => Some(Instr::Turn(turn)),
            None => Some(Instr::Local(self.local_instr(word, parts)?)),
        }
    }

    fn turn(&mut self, word: &str, parts: &[Value]) -> Option<Turn> {
        Some(match (word, parts) {
            ("load", [r, v]) => Turn::Load(self.local(r)?, self.var(v)?),
            ("store", [v, e]) => Turn::Store(self.var(v)?, self.expr(e)?),
            ("add", [r, v, e]) => Turn::Add(self.local(r)?, self.var(v)?, self.expr(e)?),
            ("xchg", [r, v, e]) => Turn::Exchange(self.local(r)?, self.var(v)?, self.expr(e)?),
            ("cas", [r, v, old, new]) => {
                let (local, place) = (self.local(r)?, self.var(v)?);
                Turn::CompareAndSwap(local, place, self.expr(old)?, self.expr(new)?)
            }
            ("lock", [m]) => Turn::Lock(self.mutex(m)?),
            ("unlock", [m]) => Turn::Unlock(self.mutex(m)?),
            ("trylock", [r, m]) => Turn::TryLock(self.local(r)?, self.mutex(m)?),
            ("wait", [c, m]) => Turn::Wait(self.cond(c)?, self.mutex(m)?),
            ("signal", [c]) => Turn::Signal(self.cond(c)?),
            ("broadcast", [c]) => Turn::Broadcast(self.cond(c)?),
            ("semwait", [s]) => Turn::SemWait(self.place(&self.of.sems, s)?),
            ("sempost", [s]) => Turn::SemPost(self.place(&self.of.sems, s)?),
            ("spawn", [thread]) => Turn::Spawn(self.of.thread(thread.as_str()?)?),
            ("join", [thread]) => Turn::Join(self.of.thread(thread.as_str()?)?),
            ("yield", []) => Turn::Yield,
            _ => return None,
        })
    }

    fn local_instr(&mut self, word: &str, parts: &[Value]) -> Option<Local> {
        Some(match (word, parts) {
            ("let", [r, e]) => Local::Let(self.local(r)?, self.expr(e)?),
            ("jmp", [label]) => Local::Jump(self.label(label)?),
            ("jz", [e, label]) => Local::JumpIfZero(self.expr(e)?, self.label(label)?),
            ("jnz", [e, label]) => Local::JumpUnlessZero(self.expr(e)?, self.label(label)?),
            ("qload", [r, v]) => Local::Load(self.local(r)?, self.var(v)?),
            ("qstore", [v, e]) => Local::Store(self.var(v)?, self.expr(e)?),
            ("assert", [e]) => Local::Assert(self.expr(e)?),
            _ => return None,
        })
    }

    fn label(&self, label: &Value) -> Option<usize> {
        self.labels.get(label.as_str()?).copied()
    }

    fn local(&mut self, name: &Value) -> Option<usize> {
        let name = name.as_str()?;
        let known = self.locals.iter().position(|local| local == name);
        Some(known.unwrap_or_else(|| {
            self.locals.push(name.to_owned());
            self.locals.len() - 1
        }))
    }

    fn expr(&mut self, source: &Value) -> Option<Expr> {
        Some(match source {
            Value::Number(number) => Expr::Number(number.as_i64()?),
            Value::String(_) => Expr::Local(self.local(source)?),
            Value::Array(parts) => match &parts[..] {
                [_, inner] => Expr::Not(Box::new(self.expr(inner)?)),
                [op, left, right] => {
                    let op = Op::from_name(op.as_str()?)?;
                    Expr::Two(op, Box::new((self.expr(left)?, self.expr(right)?)))
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    fn var(&mut self, place: &Value) -> Option<Place> {
        self.place(&self.of.vars, place)
    }

    fn mutex(&mut self, place: &Value) -> Option<Place> {
        self.place(&self.of.mutexes, place)
    }

    fn cond(&mut self, place: &Value) -> Option<Place> {
        self.place(&self.of.conds, place)
    }

    fn place(&mut self, shared: &Shared, place: &Value) -> Option<Place> {
        let (name, index) = match place.as_array() {
            Some(parts) => (parts.first()?.as_str()?, self.expr(parts.get(1)?)?),
            None => (place.as_str()?, Expr::Number(0)),
        };
        let &(base, size) = shared.names.get(name)?;
        Some(Place { base, size, index })
    }
}
