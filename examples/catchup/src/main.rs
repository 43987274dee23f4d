//! Catches up from a history archive: see the library's page, and `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    catchup::cli::main()
}
