//! 翻页位置: what stands in an address says nothing, and opens where it was sealed.

use app::cursors;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use server::compose;
use store::Purpose;

use crate::{browser_client::Browser, test_app::TestApp};

const LIST: &str = "/unreported/health-daily?limit=7";

/// The numbers of a page, and where the next begins.
async fn page(browser: &Browser, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let page = browser.get(&cursor.map_or(LIST.to_owned(), |cursor| format!("{LIST}&cursor={cursor}"))).await;
    let numbers = page.items().iter().map(|row| row["number"].as_str().unwrap().to_owned());
    (numbers.collect(), page.body["next_cursor"].as_str().map(str::to_owned))
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_says_nothing_and_opens_at_its_own_school_alone() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let (first, next) = page(&office, None).await;
    let (mut seen, mut at, mut all) = (first.clone(), next.clone(), Vec::new());
    while let Some(cursor) = at {
        let (numbers, next) = page(&office, Some(&cursor)).await;
        seen.extend(numbers);
        all.push(cursor);
        at = next;
    }
    assert!(all.len() > 1, "several pages");
    for cursor in &all {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap();
        for number in &seen {
            assert!(!cursor.contains(number.as_str()) && !holds(&bytes, number), "{number} is in {cursor}");
        }
    }

    // Altered anywhere, cut, another school's, or a number as it is: all the same.
    let (cursor, last) = (next.unwrap(), first.last().unwrap());
    let mut strange: Vec<String> = (0..cursor.len())
        .step_by(9)
        .map(|place| {
            let mut letters = cursor.clone().into_bytes();
            letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
            String::from_utf8(letters).unwrap()
        })
        .collect();
    let mut neighbour = test.school().clone();
    neighbour.corp.corp_id = 2;
    strange.push(cursor[..cursor.len() - 4].to_owned());
    strange.push(cursors::seal(&test.app, &neighbour, last).unwrap());
    strange.push(URL_SAFE_NO_PAD.encode(last));
    strange.push(String::new());
    for cursor in &strange {
        let refused = office.get(&format!("{LIST}&cursor={cursor}")).await;
        assert_eq!(refused.fields(), ["cursor"], "{cursor}: {}", refused.body);
    }
    assert!(cursors::open(&test.app, &neighbour, &cursor).is_err());

    // A page that was open before goes on: in a process that was started anew, and when the key has a successor.
    let second = page(&office, Some(&cursor)).await.0;
    let restarted = compose::app(&test.config, test.clock.clone()).unwrap();
    let key = cursors::open(&restarted, restarted.school(1).unwrap(), &cursor).unwrap();
    assert_eq!(&key, last);
    assert!(!test.app.store().keyring().rotate(Some(Purpose::Tokens)).unwrap().is_empty());
    test.clock.advance(TimeDelta::minutes(1));
    let (again, next) = page(&office, Some(&cursor)).await;
    assert_eq!(again, second);
    let name = |cursor: &str| URL_SAFE_NO_PAD.decode(cursor).unwrap()[2..10].to_vec();
    assert_ne!(name(&next.unwrap()), name(&cursor), "and the one after it stands under the new key");
}
