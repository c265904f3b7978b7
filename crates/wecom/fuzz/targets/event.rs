//! The XML inside, as WeCom or a holder of the key may write it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wecom::callback::Event;

fuzz_target!(|xml: &str| {
    if let Ok(event) = Event::parse(xml) {
        assert!((1..=64).contains(&event.name().len()));
    }
});
