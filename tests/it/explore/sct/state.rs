//! What a program's run has come to: the meaning of each instruction.

use super::program::{Code, Expr, Instr, Local, Program, Turn};
use std::collections::VecDeque;
use std::sync::Arc;

/// More local instructions in a row are an endless loop.
const ENDLESS: usize = 10_000;

/// How a program fails besides deadlocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Assertion,
    Misuse,
}

impl Fault {
    /// Returns the fault's name in the data.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Assertion => "assertion",
            Fault::Misuse => "misuse",
        }
    }
}

/// Where a thread stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody has spawned it.
    Idle,
    /// It has an instruction to come.
    At,
    /// It waits on a condition variable.
    Waiting,
    /// It has been woken, and wants its mutex.
    Woken,
    /// It has ended.
    Done,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct State {
    program: Arc<Program>,
    vars: Vec<i64>,
    /// The holder of each mutex.
    mutexes: Vec<Option<usize>>,
    /// The threads that wait, longest first.
    conds: Vec<VecDeque<usize>>,
    sems: Vec<i64>,
    threads: Vec<(usize, Phase)>,
    locals: Vec<i64>,
}

impl State {
    pub fn new(program: Arc<Program>) -> State {
        State {
            vars: program.vars.clone(),
            mutexes: vec![None; program.mutexes],
            conds: vec![VecDeque::new(); program.conds],
            sems: program.sems.clone(),
            threads: vec![(0, Phase::Idle); program.threads.len()],
            locals: program.locals.clone(),
            program,
        }
    }

    /// Makes a thread live, and runs it up to its first turn.
    pub fn begin(&mut self, thread: usize) -> Result<(), Fault> {
        let (at, count) = self.program.threads[thread].locals;
        self.locals[at..at + count].copy_from_slice(&self.program.locals[at..at + count]);
        self.threads[thread] = (0, Phase::At);
        self.advance(thread, 0)
    }

    pub fn has_ended(&self, thread: usize) -> bool {
        self.threads[thread].1 == Phase::Done
    }

    /// Returns whether a thread can have its next turn.
    pub fn is_runnable(&self, thread: usize) -> bool {
        let (place, phase) = self.threads[thread];
        if !matches!(phase, Phase::At | Phase::Woken) {
            return false;
        }
        let of = &self.program.threads[thread];
        let locals = &self.locals[of.locals.0..of.locals.0 + of.locals.1];
        match &of.code[place] {
            Instr::Turn(Turn::Lock(mutex)) => self.mutexes[mutex.at(locals)].is_none(),
            Instr::Turn(Turn::SemWait(sem)) => self.sems[sem.at(locals)] > 0,
            Instr::Turn(Turn::Join(other)) => self.has_ended(*other),
            Instr::Turn(Turn::Wait(_, mutex)) if phase == Phase::Woken => {
                self.mutexes[mutex.at(locals)].is_none()
            }
            _ => true,
        }
    }

    /// Returns the threads that can go on, by number.
    pub fn runnable(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.threads.len()).filter(|&thread| self.is_runnable(thread))
    }

    /// Runs the instructions at the end, once all threads have ended.
    pub fn end(&mut self) -> Result<(), Fault> {
        let program = Arc::clone(&self.program);
        let mut locals = vec![0; program.last_locals];
        local(&program.last, 0, &mut locals, &mut self.vars).map(|_| ())
    }

    /// Runs the local instructions from `place` on.
    fn advance(&mut self, thread: usize, place: usize) -> Result<(), Fault> {
        let of = &self.program.threads[thread];
        let locals = &mut self.locals[of.locals.0..of.locals.0 + of.locals.1];
        let place = local(&of.code, place, locals, &mut self.vars)?;
        self.threads[thread].0 = place;
        if place == of.code.len() {
            self.threads[thread].1 = Phase::Done;
        }
        Ok(())
    }

    /// Gives a thread a turn. Returns the thread that it has spawned.
    pub fn turn(&mut self, thread: usize) -> Result<Option<usize>, Fault> {
        let program = Arc::clone(&self.program);
        let of = &program.threads[thread];
        let place = self.threads[thread].0;
        let Instr::Turn(turn) = &of.code[place] else {
            unreachable!("a thread stands at a turn");
        };
        let at = of.locals.0..of.locals.0 + of.locals.1;
        let mut spawned = None;
        match turn {
            Turn::Wait(cond, mutex) if self.threads[thread].1 != Phase::Woken => {
                let locals = &self.locals[at];
                let (cond, mutex) = (cond.at(locals), mutex.at(locals));
                self.release(thread, mutex)?;
                self.conds[cond].push_back(thread);
                self.threads[thread].1 = Phase::Waiting;
                return Ok(None);
            }
            Turn::Wait(_, mutex) => {
                let mutex = mutex.at(&self.locals[at]);
                self.mutexes[mutex] = Some(thread);
                self.threads[thread].1 = Phase::At;
            }
            Turn::Unlock(mutex) => {
                let mutex = mutex.at(&self.locals[at]);
                self.release(thread, mutex)?;
            }
            Turn::Spawn(other) => {
                self.begin(*other)?;
                spawned = Some(*other);
            }
            _ => self.access(thread, turn, at),
        }
        self.advance(thread, place + 1)?;
        Ok(spawned)
    }

    fn release(&mut self, thread: usize, mutex: usize) -> Result<(), Fault> {
        match self.mutexes[mutex] == Some(thread) {
            true => self.mutexes[mutex] = None,
            false => return Err(Fault::Misuse),
        }
        Ok(())
    }

    /// Does what a turn does that cannot fail.
    fn access(&mut self, thread: usize, turn: &Turn, at: std::ops::Range<usize>) {
        let locals = &mut self.locals[at];
        match turn {
            Turn::Load(local, var) => locals[*local] = self.vars[var.at(locals)],
            Turn::Store(var, expr) => self.vars[var.at(locals)] = expr.value(locals),
            Turn::Add(local, var, expr) => {
                let more = expr.value(locals);
                change(&mut self.vars, var.at(locals), locals, *local, |old| {
                    old + more
                });
            }
            Turn::Exchange(local, var, expr) => {
                let new = expr.value(locals);
                change(&mut self.vars, var.at(locals), locals, *local, |_| new);
            }
            Turn::CompareAndSwap(local, var, expected, new) => {
                let (expected, new) = (expected.value(locals), new.value(locals));
                let swap = |old| if old == expected { new } else { old };
                change(&mut self.vars, var.at(locals), locals, *local, swap);
            }
            Turn::Lock(mutex) => self.mutexes[mutex.at(locals)] = Some(thread),
            Turn::TryLock(local, mutex) => {
                let mutex = &mut self.mutexes[mutex.at(locals)];
                locals[*local] = i64::from(mutex.is_none());
                mutex.get_or_insert(thread);
            }
            Turn::Signal(cond) => {
                let first = self.conds[cond.at(locals)].pop_front();
                first
                    .into_iter()
                    .for_each(|woken| self.threads[woken].1 = Phase::Woken);
            }
            Turn::Broadcast(cond) => {
                let all = self.conds[cond.at(locals)].drain(..);
                all.for_each(|woken| self.threads[woken].1 = Phase::Woken);
            }
            Turn::SemWait(sem) => self.sems[sem.at(locals)] -= 1,
            Turn::SemPost(sem) => self.sems[sem.at(locals)] += 1,
            Turn::Unlock(_) | Turn::Wait(..) | Turn::Spawn(_) | Turn::Join(_) | Turn::Yield => {}
        }
    }
}

/// Changes a variable, and puts its old value into a local.
fn change(
    vars: &mut [i64],
    var: usize,
    locals: &mut [i64],
    local: usize,
    new: impl FnOnce(i64) -> i64,
) {
    let old = vars[var];
    vars[var] = new(old);
    locals[local] = old;
}

/// Runs local instructions, and returns the place of the next turn, or the end of the code.
fn local(code: &Code, from: usize, locals: &mut [i64], vars: &mut [i64]) -> Result<usize, Fault> {
    let mut place = from;
    for _ in 0..ENDLESS {
        let Some(Instr::Local(instr)) = code.get(place) else {
            return Ok(place);
        };
        place += 1;
        let jumps = |expr: &Expr, locals: &[i64]| expr.value(locals) != 0;
        match instr {
            Local::Let(local, expr) => locals[*local] = expr.value(locals),
            Local::Jump(to) => place = *to,
            Local::JumpIfZero(expr, to) if !jumps(expr, locals) => place = *to,
            Local::JumpUnlessZero(expr, to) if jumps(expr, locals) => place = *to,
            Local::JumpIfZero(..) | Local::JumpUnlessZero(..) => {}
            Local::Load(local, var) => locals[*local] = vars[var.at(locals)],
            Local::Store(var, expr) => vars[var.at(locals)] = expr.value(locals),
            Local::Assert(expr) if expr.value(locals) == 0 => return Err(Fault::Assertion),
            Local::Assert(_) => {}
        }
    }
    unreachable!("a local loop has no end")
}
