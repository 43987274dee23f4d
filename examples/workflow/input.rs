//! Reads a workflow from a file.
//!
//! The end of the name chooses the format: `.txt` and `.txt.gz` are edge lists, any other file is WfFormat.
//!
//! It reads at most [`MAX_BYTES`], packed and unpacked, and at most [`MAX_MEMBERS`] gzip members. So three kinds of
//! file cannot take the machine's memory or time: `/dev/zero`, a small file that unpacks to a huge one, and a large one
//! that unpacks to nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use thiserror::Error;

use super::edge_list::{self, EdgeListError, Unit};
use super::wfformat::{self, WfFormatError};
use super::workflow::Workflow;

/// The most bytes that are read of a file, packed or unpacked: 256 MiB.
pub const MAX_BYTES: usize = 256 << 20;

/// The most gzip members that are read of a file. Packers that work in parallel make one for each 64 KiB or more.
pub const MAX_MEMBERS: usize = 8 << 10;

/// The workflow that runs when no file is named.
pub const DEFAULT_JSON: &str = include_str!("default.json");

/// Why there is no workflow, with what to do about it.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be opened or read.
    #[error("{}: cannot read the file: {error}; check its name and permissions", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file is compressed, but damaged or cut.
    #[error("{}: {what}; get the file again", .path.display())]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The fault of the compressed data.
        what: String,
    },
    /// The file has more than [`MAX_MEMBERS`] gzip members.
    #[error("{}: more than {MAX_MEMBERS} gzip members; pack it anew, as one", .path.display())]
    TooManyMembers {
        /// The file.
        path: PathBuf,
    },
    /// The file has more than [`MAX_BYTES`] bytes.
    #[error("{}: larger than {} MiB; take a smaller workflow", .path.display(), MAX_BYTES >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not UTF-8.
    #[error("{}: not UTF-8 text (byte {offset}); give WfFormat JSON or an edge list", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The position of the first bad byte.
        offset: usize,
    },
    /// An option does not go with this kind of file.
    #[error(
        "--unit is for edge lists (.txt, .txt.gz); leave it out: WfFormat has its own runtimes"
    )]
    UnitWithoutEdgeList,
    /// The WfFormat file is wrong.
    #[error("{}: {error}", .path.display())]
    WfFormat {
        /// The file.
        path: PathBuf,
        /// The fault.
        error: WfFormatError,
    },
    /// The edge list is wrong.
    #[error("{}: {error}", .path.display())]
    EdgeList {
        /// The file.
        path: PathBuf,
        /// The fault.
        error: EdgeListError,
    },
}

/// Reads `file`, or the example's own workflow if it is `None`.
///
/// # Errors
///
/// [`InputError`]. Its message is one line if the file's name is.
pub fn load(file: Option<&Path>, unit: Option<Unit>) -> Result<Workflow, InputError> {
    match file {
        None => load_from(Path::new("default.json"), DEFAULT_JSON.as_bytes(), unit),
        Some(path) => {
            let file = File::open(path).map_err(|error| read_error(path, error))?;
            load_from(path, file, unit)
        }
    }
}

/// Reads the text of a file with this name.
///
/// # Errors
///
/// [`InputError`], as for [`load`].
pub fn load_from(path: &Path, from: impl Read, unit: Option<Unit>) -> Result<Workflow, InputError> {
    let edge_list = is_edge_list(path);
    if unit.is_some() && !edge_list {
        return Err(InputError::UnitWithoutEdgeList);
    }
    let text = read_text(path, from)?;
    let path = path.to_owned();
    if edge_list {
        edge_list::parse(&text, unit.unwrap_or_default())
            .map_err(|error| InputError::EdgeList { path, error })
    } else {
        wfformat::parse(&text).map_err(|error| InputError::WfFormat { path, error })
    }
}

fn is_edge_list(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(b".txt") || name.ends_with(b".txt.gz")
}

fn is_gzip(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

/// Reads the whole file as text, unpacked if its name ends in `.gz`.
fn read_text(path: &Path, from: impl Read) -> Result<String, InputError> {
    let bytes = if is_gzip(path) {
        unpack(path, from)?
    } else {
        read_limited(path, from)?
    };
    String::from_utf8(bytes).map_err(|error| InputError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// Reads all gzip members of a file, one after the other.
fn unpack(path: &Path, from: impl Read) -> Result<Vec<u8>, InputError> {
    // The packed size has a limit too, since a file of empty blocks unpacks to nothing.
    let mut packed = BufReader::new(from.take(MAX_BYTES as u64 + 1));
    let mut bytes = Vec::new();
    for _ in 0..MAX_MEMBERS {
        let mut member = GzDecoder::new(packed);
        let read = read_more(path, &mut member, &mut bytes);
        packed = member.into_inner();
        if packed.get_ref().limit() == 0 {
            return Err(too_large(path));
        }
        read.map_err(|error| gzip_error(path, error))?;
        let rest = packed.fill_buf().map_err(|error| read_error(path, error))?;
        if rest.is_empty() {
            return Ok(bytes);
        }
    }
    Err(InputError::TooManyMembers {
        path: path.to_owned(),
    })
}

fn read_limited(path: &Path, from: impl Read) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    read_more(path, from, &mut bytes)?;
    Ok(bytes)
}

/// Reads to the end. Fails if there are more than [`MAX_BYTES`].
fn read_more(path: &Path, from: impl Read, bytes: &mut Vec<u8>) -> Result<(), InputError> {
    let room = MAX_BYTES - bytes.len();
    let limit = room as u64 + 1; // one more, to tell a full file from a cut one
    from.take(limit)
        .read_to_end(bytes)
        .map_err(|error| read_error(path, error))?;
    match bytes.len() > MAX_BYTES {
        true => Err(too_large(path)),
        false => Ok(()),
    }
}

fn too_large(path: &Path) -> InputError {
    InputError::TooLarge {
        path: path.to_owned(),
    }
}

fn read_error(path: &Path, error: io::Error) -> InputError {
    InputError::Read {
        path: path.to_owned(),
        error,
    }
}

/// Tells bad data from other read errors by the kind, since the decoder reports both as read errors.
fn gzip_error(path: &Path, error: InputError) -> InputError {
    let InputError::Read { error, .. } = &error else {
        return error;
    };
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data ends too early".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("not valid gzip data ({error})")
        }
        _ => format!("cannot read the file: {error}"),
    };
    InputError::Gzip {
        path: path.to_owned(),
        what,
    }
}
