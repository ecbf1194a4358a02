//! What the lines of the C2SP texts are made of: numbers and base64, each in its one form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tree::Hash;

/// Reads a number in decimal, with no sign and no leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    if !canonical || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Reads padded base64 (RFC 4648 §4) whose unused bits are zero.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads a hash in base64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    if text.len() != HASH_CHARS {
        return None;
    }
    bytes(text)?.try_into().ok()
}

/// Writes padded base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The place of the first ASCII control character in `text` other than a newline.
pub(super) fn control(text: &str) -> Option<usize> {
    text.bytes().position(|byte| byte < 0x20 && byte != b'\n')
}

/// The length of a hash in base64.
const HASH_CHARS: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for wrong in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1_0",
            "18446744073709551616",
            "١",
        ] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_has_one_form() {
        let text = base64(&[7; 32]);
        assert_eq!(hash(&text), Some([7; 32]));
        // The last character before the padding carries two bits that must be zero.
        assert_eq!(hash(&text.replace("c=", "d=")), None);
        assert_eq!(hash(text.trim_end_matches('=')), None);
        assert_eq!(hash(&base64(&[7; 31])), None);
        assert_eq!(hash(&format!("{text}\n")), None);
    }
}
