//! Ctrl-C (and SIGTERM): the first ends a run in an orderly way, the second ends the process.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The exit code of a process that was interrupted, as shells have it.
const EXIT_INTERRUPTED: i32 = 130;

/// Whether somebody wants the run to end.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    raised: bool,
    /// Called at the first interrupt.
    shut_down: Option<Box<dyn Fn() + Send>>,
    /// Removed when the process is ended at once.
    temporary: Option<PathBuf>,
}

impl Interrupt {
    /// Raised by the process's signals from now on.
    ///
    /// # Errors
    /// The system's.
    pub fn on_signals(&self) -> Result<(), ctrlc::Error> {
        let interrupt = self.clone();
        ctrlc::set_handler(move || interrupt.raise())
    }

    /// What a process that is ended at once leaves behind otherwise.
    pub fn set_temporary(&self, folder: PathBuf) {
        self.lock().temporary = Some(folder);
    }

    /// Interrupts; a second time it ends the process.
    pub fn raise(&self) {
        let mut state = self.lock();
        if state.raised {
            if let Some(folder) = &state.temporary {
                // What is still being written stays: the second interrupt does not wait.
                let _ = fs::remove_dir_all(folder);
            }
            process::exit(EXIT_INTERRUPTED);
        }
        state.raised = true;
        if let Some(shut_down) = &state.shut_down {
            shut_down();
        }
    }

    /// What the first interrupt does; at once, if it has come already.
    pub fn on_first(&self, shut_down: impl Fn() + Send + 'static) {
        let mut state = self.lock();
        if state.raised {
            shut_down();
        }
        state.shut_down = Some(Box::new(shut_down));
    }

    /// Whether it has been raised.
    pub fn is_raised(&self) -> bool {
        self.lock().raised
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
