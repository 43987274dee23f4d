//! Any bytes as an archive's state file.

use catchup::archive::{ArchiveState, File, Hash, LEVELS};

/// What is wrong is quoted: at most 80 characters, each of which may take 10 bytes.
const LONGEST_MESSAGE: usize = 1_000;

/// Reads the bytes. What is read is written and read again.
///
/// # Panics
/// If that makes a difference, or a bound does not hold.
pub fn check(data: &[u8]) {
    let state = match ArchiveState::parse(data) {
        Ok(state) => state,
        Err(error) => {
            let message = error.to_string();
            assert!(
                message.len() <= LONGEST_MESSAGE,
                "{} bytes of message",
                message.len()
            );
            return;
        }
    };
    let again = ArchiveState::parse(state.to_json().as_bytes());
    assert_eq!(again.as_ref(), Ok(&state));
    let buckets = state.buckets();
    assert!(buckets.len() <= 2 * LEVELS && !buckets.contains(&Hash::ZERO));
    for bucket in buckets {
        let file = File::Bucket(bucket);
        assert_eq!(File::at(&file.path()), Some(file));
    }
    let file = File::State(state.checkpoint);
    assert_eq!(File::at(&file.path()), Some(file));
    state.bucket_list_hash();
}
