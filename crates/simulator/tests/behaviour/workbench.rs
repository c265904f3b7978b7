//! What the app shows on its tile: of one kind, for those who see the app, and drawn for them.

use serde_json::json;
use wecom::workbench::{Tile, TileKey, TileLine, TileLink, TilePage};

use super::answers::fits;
use super::support::{Sim, client};

fn keys(data: &str) -> Tile {
    let link = TileLink::page("https://app.example.com/todo");
    Tile::Keys(vec![TileKey { key: "未上报".into(), data: data.into(), link }])
}

#[tokio::test]
async fn a_tile_is_filled_for_members_and_drawn() {
    let sim = Sim::start();
    let (app, student) = (client(&sim), sim.student(0));
    let early = app.set_workbench_tile(&student, &keys("1")).await;
    assert_eq!(early.unwrap_err().code(), Some(94008), "the app has no kind yet");
    app.set_workbench_template(&keys("0"), false).await.unwrap();
    assert_eq!(app.workbench_tile(&student).await.unwrap(), keys("0"), "the template's until it is filled");
    app.set_workbench_tile(&student, &keys("7")).await.unwrap();
    assert_eq!(app.workbench_tile(&student.to_uppercase()).await.unwrap(), keys("7"));
    let page = sim.page("/client/workbench", &student).await.text().await.unwrap();
    assert!(page.contains("未上报") && page.contains('7'), "{page}");
    let other = sim.page("/client/workbench", &sim.student(1)).await.text().await.unwrap();
    assert!(other.contains("未上报"));

    let members = [sim.student(1), sim.student(2)];
    app.set_workbench_tiles(&members, &keys("3")).await.unwrap();
    assert_eq!(app.workbench_tile(&members[1]).await.unwrap(), keys("3"));
    app.set_workbench_template(&keys("0"), true).await.unwrap();
    assert_eq!(app.workbench_tile(&student).await.unwrap(), keys("0"), "what was filled is gone");

    let token = sim.app_token().await;
    let ask = json!({ "agentid": 1_000_002, "userid": student }).to_string();
    fits("agent_get_workbench_data", &sim.post("agent/get_workbench_data", &token, &ask).await);
    fits("agent_get_workbench_template", &sim.post("agent/get_workbench_template", &token, &ask).await);
}

#[tokio::test]
async fn a_tile_is_refused_as_wecom_refuses_it() {
    let sim = Sim::start();
    let (app, student) = (client(&sim), sim.student(0));
    app.set_workbench_template(&keys("0"), false).await.unwrap();
    let line = Tile::Lines(vec![TileLine { title: "一行".into(), link: TileLink::default() }]);
    let refused = |outcome: wecom::Result<()>| outcome.unwrap_err().code();
    assert_eq!(refused(app.set_workbench_tile(&student, &line).await), Some(94001), "of another kind");
    assert_eq!(refused(app.set_workbench_tile("nobody", &keys("1")).await), Some(60111));
    for _ in 0..10 {
        app.set_workbench_tile(&student, &keys("1")).await.unwrap();
    }
    // Asked by hand: the client would wait for the minute's end.
    let ask =
        json!({ "agentid": 1_000_002, "userid": student, "type": "keydata", "keydata": { "items": [] } });
    let eleventh = sim.post("agent/set_workbench_data", &sim.app_token().await, &ask.to_string()).await;
    assert_eq!(eleventh["errcode"], 45009, "ten a minute");

    let class = sim.school.students().next().unwrap().memberships[0].department;
    sim.control("settings", json!({ "visible": [class] })).await;
    let outside =
        sim.school.students().find(|person| person.memberships.iter().all(|m| m.department != class));
    let all = [outside.unwrap().number.clone()];
    assert_eq!(refused(app.set_workbench_tiles(&all, &keys("1")).await), Some(60021));
    sim.control("settings", json!({ "workbench": false })).await;
    assert_eq!(refused(app.set_workbench_template(&line, false).await), Some(94000));
}

#[tokio::test]
async fn a_page_within_a_tile_keeps_the_template_s_height() {
    let sim = Sim::start();
    let app = client(&sim);
    let page = |height: Option<&str>| {
        let url = "https://app.example.com/tile".into();
        Tile::Page(TilePage { url, height: height.map(Into::into), ..TilePage::default() })
    };
    app.set_workbench_template(&page(Some("single_row")), false).await.unwrap();
    let other = app.set_workbench_tile(&sim.student(0), &page(None)).await;
    assert_eq!(other.unwrap_err().code(), Some(94016));
    app.set_workbench_tile(&sim.student(0), &page(Some("single_row"))).await.unwrap();
}
