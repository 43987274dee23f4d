//! Where the archive is.

use std::ffi::OsStr;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Where an archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is made for this run.
    Made,
    /// In a folder.
    Folder(PathBuf),
    /// Behind an HTTP server.
    Http(Url),
}

/// The parts of `http://HOST:PORT[/path]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Host and port, as given.
    pub host: String,
    /// Empty, or a path with a slash in front and none at its end.
    pub base: String,
}

/// Why an archive cannot be used.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The text is no URL that can be used here.
    #[error("{text:?} is not http://HOST:PORT[/path]{hint}")]
    Url {
        /// The text.
        text: String,
        /// What is wrong, if it can be said.
        hint: &'static str,
    },
    /// There is no such folder, or it holds no archive.
    #[error("no archive in {}: it has no {}", path.display(), crate::archive::File::Root.path())]
    NoArchive {
        /// The folder.
        path: PathBuf,
    },
    /// The host's name has no address.
    #[error("cannot find the host {host}: {error}")]
    Host {
        /// The host and port.
        host: String,
        /// What the system says.
        error: std::io::Error,
    },
}

impl Source {
    /// Reads the argument.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn read(argument: Option<&OsStr>) -> Result<Source, SourceError> {
        let Some(argument) = argument else {
            return Ok(Source::Made);
        };
        match argument.to_str() {
            Some(text) if text.contains("://") => Ok(Source::Http(Url::parse(text)?)),
            _ => Source::folder(Path::new(argument)),
        }
    }

    fn folder(path: &Path) -> Result<Source, SourceError> {
        let path = path.to_owned();
        match path.join(crate::archive::File::Root.path()).is_file() {
            true => Ok(Source::Folder(path)),
            false => Err(SourceError::NoArchive { path }),
        }
    }
}

impl Url {
    fn parse(text: &str) -> Result<Url, SourceError> {
        let refused = |hint| SourceError::Url {
            text: text.chars().take(200).collect(),
            hint,
        };
        let rest = text.strip_prefix("http://").ok_or_else(|| {
            refused(match text.starts_with("https://") {
                true => ": this example speaks HTTP without TLS only",
                false => "",
            })
        })?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]".contains(c);
        if host.is_empty() || !host.chars().all(plain) {
            return Err(refused(
                ": the host is missing, or has characters that no host has",
            ));
        }
        // What goes into a request line must not end it.
        if !path
            .chars()
            .all(|c| c.is_ascii_graphic() && c != '?' && c != '#')
        {
            return Err(refused(
                ": the path must be printable ASCII without ? and #",
            ));
        }
        Ok(Url {
            host: host.to_owned(),
            base: path.trim_end_matches('/').to_owned(),
        })
    }

    /// The server's address. Asks the system, which may take a while.
    ///
    /// # Errors
    /// [`SourceError::Host`].
    pub fn address(&self) -> Result<SocketAddr, SourceError> {
        let has_port = self
            .host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let found = match has_port {
            true => self.host.to_socket_addrs(),
            false => (self.host.as_str(), 80).to_socket_addrs(),
        };
        let first = found.and_then(|mut all| all.next().ok_or(std::io::ErrorKind::NotFound.into()));
        first.map_err(|error| SourceError::Host {
            host: self.host.clone(),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        let url = Url::parse("http://localhost:8000/a/b/").unwrap();
        assert_eq!(
            (url.host.as_str(), url.base.as_str()),
            ("localhost:8000", "/a/b")
        );
        assert_eq!(
            Url::parse("http://127.0.0.1")
                .unwrap()
                .address()
                .unwrap()
                .port(),
            80
        );
        for wrong in [
            "https://localhost",
            "ftp://localhost",
            "http://",
            "http:///path",
            "http://host/a b",
            "http://host\r\nX: y/",
            "http://host/?x",
            "http://user@host/",
        ] {
            assert!(Url::parse(wrong).is_err(), "{wrong}");
        }
    }
}
