//! Ciphertexts as a holder of the token may sign them. Three ways, by the first byte: text as it is, bytes in
//! Base64, and (what fuzzing would hardly find) a well-formed message for the own corp.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wecom::crypto::CallbackCrypto;

static CRYPTO: LazyLock<CallbackCrypto> = LazyLock::new(|| {
    CallbackCrypto::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww1").expect("a key")
});

fuzz_target!(|data: &[u8]| {
    let Some((way, rest)) = data.split_first() else { return };
    match way % 3 {
        0 => {
            let _ = CRYPTO.decrypt(&String::from_utf8_lossy(rest));
        }
        1 => {
            // Without its last bits, so that any bytes are blocks of something.
            const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let text: String = rest.iter().map(|byte| char::from(LETTERS[usize::from(byte & 63)])).collect();
            let _ = CRYPTO.decrypt(&text);
        }
        _ => {
            let message = String::from_utf8_lossy(rest);
            let opened = CRYPTO.decrypt(&CRYPTO.encrypt(&message, [7; 16])).expect("what we encrypted");
            assert_eq!(opened.message, message);
        }
    }
});
