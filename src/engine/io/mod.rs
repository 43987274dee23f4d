//! Sources of readiness: sockets, pipes, whatever `mio` can register.
//!
//! Invariant: a registered source is in the table under its token, and its attempt is under way.
//!
//! Deliberately absent: polling, and what an event leads to. A turn that yields asks whether there is news; its slot
//! and `now` do not come here.
//!
//! The host owns the `Poll`, the work owns the source (through [`Io`]), and the scheduler knows which attempt has
//! which source under which token. A source is deregistered and closed when its `Io` is dropped or when the attempt
//! ends, whichever comes first. So a settled work that is kept for its outcome keeps no socket open.
//!
//! Tokens are handed out in a circle, so a token that is free again is the last to be used again. An event that comes
//! late finds no source and is dropped, unless the whole range has been handed out in between.
//!
//! An event only sets flags and enters the source into `news`. The engine wakes the works at the start of the next
//! round.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `handle` | [`Io`]: the work's end of a source |
//! | `source_registry` | the tokens, their sources, and what they have reported |
//! | `absent` | this room without the feature `mio` |
//!
//! Trap: a source is shared by its `Io` and the scheduler, and either may be the first to let go. So a function asks
//! whether the registration is `live` before it uses a token.

mod handle;
pub(crate) mod source_registry;

pub use handle::Io;
pub(crate) use source_registry::{SourceList, SourceRegistry};
