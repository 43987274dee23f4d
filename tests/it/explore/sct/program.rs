//! Programs as code: names have become indexes, and expressions trees.

use super::parse::Parsed;
use super::state::{Fault, State};
use serde_json::{Map, Value};
use std::sync::Arc;

/// An expression over the locals of one thread.
#[derive(Debug)]
pub enum Expr {
    Number(i64),
    Local(usize),
    Not(Box<Expr>),
    Two(Op, Box<(Expr, Expr)>),
}

/// An operation of two numbers.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    Add,
    Sub,
    Mul,
    Rem,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
}

impl Op {
    /// Returns the operation of that name.
    pub fn from_name(name: &str) -> Option<Op> {
        let names = [
            "+", "-", "*", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or",
        ];
        let operations = [
            Op::Add,
            Op::Sub,
            Op::Mul,
            Op::Rem,
            Op::Eq,
            Op::Ne,
            Op::Lt,
            Op::Le,
            Op::Gt,
            Op::Ge,
            Op::And,
            Op::Or,
        ];
        let place = names.iter().position(|&known| known == name)?;
        Some(operations[place])
    }

    fn apply(self, left: i64, right: i64) -> i64 {
        let truth = match self {
            Op::Add => return left + right,
            Op::Sub => return left - right,
            Op::Mul => return left * right,
            Op::Rem => return left % right,
            Op::Eq => left == right,
            Op::Ne => left != right,
            Op::Lt => left < right,
            Op::Le => left <= right,
            Op::Gt => left > right,
            Op::Ge => left >= right,
            Op::And => left != 0 && right != 0,
            Op::Or => left != 0 || right != 0,
        };
        i64::from(truth)
    }
}

impl Expr {
    /// Returns the value of the expression.
    pub fn value(&self, locals: &[i64]) -> i64 {
        match self {
            Expr::Number(number) => *number,
            Expr::Local(local) => locals[*local],
            Expr::Not(expr) => i64::from(expr.value(locals) == 0),
            Expr::Two(op, both) => op.apply(both.0.value(locals), both.1.value(locals)),
        }
    }
}

/// A variable, mutex, condition variable or semaphore: one of those with its name.
#[derive(Debug)]
pub struct Place {
    pub base: usize,
    pub size: usize,
    pub index: Expr,
}

impl Place {
    /// Returns the number of the place among all of its kind.
    ///
    /// # Panics
    /// If there are not so many: the program is wrong.
    pub fn at(&self, locals: &[i64]) -> usize {
        let index = usize::try_from(self.index.value(locals)).ok();
        let index = index.filter(|&index| index < self.size);
        self.base + index.expect("an index is below the size of its array")
    }
}

/// An instruction that is a turn.
#[derive(Debug)]
pub enum Turn {
    Load(usize, Place),
    Store(Place, Expr),
    Add(usize, Place, Expr),
    Exchange(usize, Place, Expr),
    CompareAndSwap(usize, Place, Expr, Expr),
    Lock(Place),
    Unlock(Place),
    TryLock(usize, Place),
    Wait(Place, Place),
    Signal(Place),
    Broadcast(Place),
    SemWait(Place),
    SemPost(Place),
    Spawn(usize),
    Join(usize),
    Yield,
}

impl Turn {
    /// Returns whether a thread may have to wait for that turn.
    fn can_wait(&self) -> bool {
        matches!(
            self,
            Turn::Lock(_) | Turn::Wait(..) | Turn::SemWait(_) | Turn::Join(_)
        )
    }
}

/// An instruction that is run with the turn before it.
#[derive(Debug)]
pub enum Local {
    Let(usize, Expr),
    Jump(usize),
    JumpIfZero(Expr, usize),
    JumpUnlessZero(Expr, usize),
    Load(usize, Place),
    Store(Place, Expr),
    Assert(Expr),
}

/// An instruction.
#[derive(Debug)]
pub enum Instr {
    Turn(Turn),
    Local(Local),
}

pub type Code = Vec<Instr>;

/// One thread of a program.
#[derive(Debug)]
pub struct Thread {
    pub name: Arc<str>,
    pub code: Arc<Code>,
    /// Where its locals begin among those of all threads, and how many there are.
    pub locals: (usize, usize),
    /// Whether the thread may have to wait.
    pub can_wait: bool,
}

/// A program as code.
#[derive(Debug)]
pub struct Program {
    pub name: String,
    /// Whether some schedule fails.
    pub fails: bool,
    pub threads: Vec<Thread>,
    /// The threads that are live at the start.
    pub start: Vec<usize>,
    pub last: Code,
    pub last_locals: usize,
    pub max_turns: u64,
    pub vars: Vec<i64>,
    pub sems: Vec<i64>,
    pub mutexes: usize,
    pub conds: usize,
    /// The locals of all threads at their start.
    pub locals: Vec<i64>,
}

impl Program {
    /// Translates a program.
    pub fn new(source: &Value) -> Option<Program> {
        let mut parsed = Parsed::new(source)?;
        let mut threads = Vec::new();
        let mut locals: Vec<i64> = Vec::new();
        for thread in source.get("threads")?.as_array()? {
            let (code, names) = parsed.proc(thread.get(1)?.as_str()?)?;
            let none = Map::new();
            let values = thread.get(2).and_then(Value::as_object).unwrap_or(&none);
            let at = (locals.len(), names.len());
            let value = |name: &String| values.get(name).map_or(Some(0), Value::as_i64);
            locals.extend(names.iter().map(value).collect::<Option<Vec<i64>>>()?);
            let can_wait = |instr: &Instr| matches!(instr, Instr::Turn(turn) if turn.can_wait());
            threads.push(Thread {
                name: thread.get(0)?.as_str()?.into(),
                can_wait: code.iter().any(can_wait),
                code,
                locals: at,
            });
        }
        let start = source.get("start")?.as_array()?.iter();
        let start = start.map(|name| parsed.thread(name.as_str()?));
        let (last, names) = parsed.code(source.get("final"))?;
        Some(Program {
            name: source.get("name")?.as_str()?.to_owned(),
            fails: source.get("expect")?.as_str()? == "fail",
            threads,
            start: start.collect::<Option<_>>()?,
            last,
            last_locals: names.len(),
            max_turns: source.get("max_turns").map_or(Some(2000), Value::as_u64)?,
            vars: parsed.vars.values,
            sems: parsed.sems.values,
            mutexes: parsed.mutexes.values.len(),
            conds: parsed.conds.values.len(),
            locals,
        })
    }

    /// Returns the thread with this name.
    pub fn thread(&self, name: &str) -> Option<usize> {
        self.threads.iter().position(|thread| &*thread.name == name)
    }

    /// Returns the state in which threads have run up to their first turns.
    pub fn begin(self: &Arc<Self>) -> Result<State, Fault> {
        let mut state = State::new(Arc::clone(self));
        for &thread in &self.start {
            state.begin(thread)?;
        }
        Ok(state)
    }
}
