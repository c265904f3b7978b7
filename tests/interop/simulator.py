"""PyPI's wechatpy, as it is, calls the simulator: every call that the two have in common.

Its address of WeCom is fixed for the first call of all, so the requests library is told to deliver what is meant for
WeCom to the simulator; wechatpy itself knows nothing of that.
"""

import io
import os
import sys
import time

import requests
from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

WECOM = "https://qyapi.weixin.qq.com"
SIMULATOR = os.environ["SIMULATOR"]


class ToSimulator(requests.adapters.HTTPAdapter):
    def send(self, request, **options):
        request.url = request.url.replace(WECOM, SIMULATOR)
        return super().send(request, **options)


requests.sessions.HTTPAdapter = ToSimulator  # what every session of the library mounts


def client(secret):
    return WeChatClient(os.environ["CORP"], os.environ[secret])


app, contacts = client("SECRET"), client("CONTACTS_SECRET")
agent = 1000002
done, failed = [], []


def call(name, function, check=lambda answer: True):
    """Makes one call, and says what came of it."""
    try:
        answer = function()
        if check(answer):
            done.append(name)
            return answer
        failed.append(f"{name}: {answer}")
    except Exception as error:  # whatever the library makes of an answer
        failed.append(f"{name}: {error!r}")


def refused(name, code, function):
    """A call that WeCom refuses with this code."""
    try:
        failed.append(f"{name}: {function()} instead of {code}")
    except WeChatClientException as error:
        (done if error.errcode == code else failed).append(f"{name} ({code})" if error.errcode == code else f"{name}: {error}")


personas = requests.get(f"{SIMULATOR}/_sim/personas").json()
student, other = [person["userid"] for person in personas if person["role"] == "student"][:2]

# reading the directory
departments = call("department.get", lambda: app.department.get(), lambda all: any(d["parentid"] == 0 for d in all))
root = departments[0]["id"]
call("department.get_users", lambda: app.department.get_users(root))
call("user.get", lambda: app.user.get(student), lambda user: user["name"] and user["status"] == 1)
call("user.list", lambda: app.user.list(root), lambda users: isinstance(users, list))
refused("user.get, nobody", 60111, lambda: app.user.get("nobody"))

# messages
words = {"title": "标题", "description": "描述", "url": "https://app.example.com/"}
sent = lambda answer: answer["errcode"] == 0 and answer["msgid"]
call("message.send_text", lambda: app.message.send_text(agent, student, "你好"), sent)
call("message.send_text, partly invalid", lambda: app.message.send_text(agent, [student, "nobody"], "你好"),
     lambda answer: answer["invaliduser"] == "nobody")
call("message.send_text_card", lambda: app.message.send_text_card(agent, student, **words), sent)
call("message.send_markdown", lambda: app.message.send_markdown(agent, student, "**今天**"), sent)
call("message.send_articles", lambda: app.message.send_articles(agent, student, [dict(words, image="https://app.example.com/p.png")]), sent)
refused("message.send_text, nobody", 81013, lambda: app.message.send_text(agent, "nobody", "你好"))
refused("message.send_text, another app", 301002, lambda: app.message.send_text(agent + 1, student, "你好"))
refused("message.send_text, contacts secret", 48002, lambda: contacts.message.send_text(agent, student, "你好"))

# files
file = lambda name, content: (name, io.BytesIO(content))
image = call("media.upload image", lambda: app.media.upload("image", file("a.png", b"\x89PNG\r\n\x1a\n")), lambda m: m["media_id"])
voice = call("media.upload voice", lambda: app.media.upload("voice", file("a.amr", b"#!AMR\nwords")), lambda m: m["media_id"])
video = call("media.upload video", lambda: app.media.upload("video", file("a.mp4", b"\0\0\0\x18ftypmp42")), lambda m: m["media_id"])
names = call("media.upload file", lambda: app.media.upload("file", file("list.csv", b"number,name\n")), lambda m: m["media_id"])
call("media.download", lambda: app.media.download(names["media_id"]), lambda answer: answer.content == b"number,name\n")
call("media.upload_img", lambda: app.media.upload_img(file("a.png", b"\x89PNG\r\n\x1a\n")), lambda answer: answer)
call("message.send_image", lambda: app.message.send_image(agent, student, image["media_id"]), sent)
call("message.send_voice", lambda: app.message.send_voice(agent, student, voice["media_id"]), sent)
call("message.send_video", lambda: app.message.send_video(agent, student, video["media_id"]), sent)
call("message.send_file", lambda: app.message.send_file(agent, student, names["media_id"]), sent)
article = {"thumb_media_id": image["media_id"], "author": "办公室", "title": "标题", "content": "<p>正文</p>",
           "content_source_url": "https://app.example.com/", "digest": "摘要", "show_cover_pic": "1"}
call("message.send_mp_articles", lambda: app.message.send_mp_articles(agent, student, [article]), sent)

# group chats
call("appchat.create", lambda: app.appchat.create("interop1", "名称", student, [student, other]), lambda answer: answer["chatid"])
call("appchat.get", lambda: app.appchat.get("interop1"), lambda chat: chat["owner"] == student)
call("appchat.update", lambda: app.appchat.update("interop1", name="新名称"))
call("appchat.send_text", lambda: app.appchat.send_text("interop1", "你好"))

# the app and its pages
call("agent.get", lambda: app.agent.get(agent), lambda answer: answer["agentid"] == agent)
call("jsapi.get_ticket", lambda: app.jsapi.get_ticket(), lambda answer: answer["ticket"])

call("agent.list", lambda: app.agent.list(), lambda agents: agents[0]["agentid"] == agent)
call("misc.get_wechat_ips", lambda: app.misc.get_wechat_ips(), lambda addresses: addresses)
buttons = {"button": [{"type": "click", "name": "未报", "key": "unreported"}]}
call("menu.create", lambda: app.menu.create(agent, buttons))
call("menu.get", lambda: app.menu.get(agent), lambda menu: menu["button"][0]["key"] == "unreported")
call("menu.delete", lambda: app.menu.delete(agent))
refused("menu.get, none", 46003, lambda: app.menu.get(agent))

# writing the directory
made = call("department.create", lambda: contacts.department.create("互通班", root), lambda answer: answer["id"])
call("department.update", lambda: contacts.department.update(made["id"], name="互通一班"))
refused("department.create, the app's secret", 48002, lambda: app.department.create("甲", root))
call("user.create", lambda: contacts.user.create("interop.1", "阿黎", department=[made["id"]], mobile="10000000001"))
refused("user.create, twice", 60102, lambda: contacts.user.create("interop.1", "阿黎", department=[made["id"]], mobile="10000000001"))
call("user.update", lambda: contacts.user.update("interop.1", name="阿黎黎"))
refused("department.delete, with members", 60005, lambda: contacts.department.delete(made["id"]))
tag = call("tag.create", lambda: app.tag.create("互通"), lambda answer: answer["tagid"])["tagid"]
call("tag.update", lambda: app.tag.update(tag, "互通标签"))
call("tag.add_users", lambda: app.tag.add_users(tag, ["interop.1", "nobody"]), lambda answer: answer["invalidlist"] == "nobody")
call("tag.get_users", lambda: app.tag.get_users(tag), lambda answer: answer["userlist"][0]["userid"] == "interop.1")
call("tag.list", lambda: app.tag.list(), lambda tags: tags[0]["tagname"] == "互通标签")
call("tag.delete_users", lambda: app.tag.delete_users(tag, ["interop.1"]))
call("tag.delete", lambda: app.tag.delete(tag))
call("user.delete", lambda: contacts.user.delete("interop.1"))
refused("user.batch_delete, nobody there", 40031, lambda: contacts.user.batch_delete(["interop.1"]))
call("department.delete", lambda: contacts.department.delete(made["id"]))

# signing in: the address that the library makes, opened by a browser that is this student
def sign_in():
    address = app.oauth.authorize_url("http://127.0.0.1:9/auth/callback", state="s1").split("#")[0]
    page = requests.get(address.replace("https://open.weixin.qq.com", SIMULATOR), cookies={"simulator_user": student},
                        allow_redirects=False)
    return page.headers["location"].split("code=")[1].split("&")[0]


code = call("oauth.authorize_url", sign_in)
call("oauth.get_user_info", lambda: app.oauth.get_user_info(code), lambda who: who["UserId"] == student)
refused("oauth.get_user_info, used", 40029, lambda: app.oauth.get_user_info(code))
code = sign_in()
call("user.get_info", lambda: app.user.get_info(agent, code), lambda who: who["UserId"] == student)
openid = call("user.convert_to_openid", lambda: app.user.convert_to_openid(student), lambda answer: answer["openid"])
call("user.convert_to_user_id", lambda: app.user.convert_to_user_id(openid["openid"]), lambda userid: userid == student)
call("jsapi.get_agent_ticket", lambda: app.jsapi.get_agent_ticket(), lambda answer: answer["ticket"])

# many at once
back = {"url": "http://127.0.0.1:9/job", "token": "T", "encoding_aes_key": "K" * 43}
table = lambda text: contacts.media.upload("file", file("table.csv", text.encode()))["media_id"]
job = call("batch.sync_user", lambda: contacts.batch.sync_user(media_id=table("姓名,帐号,手机号\n阿黎,interop.2,10000000002\n"), **back))
call("batch.get_result, under way", lambda: contacts.batch.get_result(job["jobid"]), lambda answer: answer["status"] == 2)
call("batch.get_result, done", lambda: contacts.batch.get_result(job["jobid"]), lambda answer: answer["result"][0]["errcode"] == 0)
refused("batch.replace_user, too many would go", 45026,
        lambda: contacts.batch.replace_user(media_id=table("姓名,帐号\n阿黎,interop.2\n"), **back))
call("batch.replace_party", lambda: contacts.batch.replace_party(media_id=table(f"部门名称,部门ID,父部门ID,排序\n{departments[0]['name']},1,,1\n"), **back))
call("batch.invite", lambda: contacts.batch.invite(user=["interop.2", "nobody"]), lambda answer: answer["invaliduser"] == ["nobody"])
contacts.user.delete("interop.2")

# approvals and contacts outside
now = int(time.time())
numbers = call("OA.get_approval_info", lambda: app.OA.get_approval_info(str(now - 86400 * 20), str(now), ""), lambda answer: len(answer["sp_no_list"]) == 100)
call("OA.get_approval_detail", lambda: app.OA.get_approval_detail(numbers["sp_no_list"][0]), lambda answer: answer["info"]["sp_status"])
follow = call("external_contact.get_follow_user_list", lambda: app.external_contact.get_follow_user_list(), lambda answer: answer["follow_user"])
call("external_contact.get_user_behavior_data",
     lambda: app.external_contact.get_user_behavior_data(follow["follow_user"][:1], now - 86400 * 3, now), lambda answer: len(answer["behavior_data"]) == 4)
refused("external_contact.list, none", 84061, lambda: app.external_contact.list(student))

for failure in failed:
    print(failure, file=sys.stderr)
print(f"wechatpy calls the simulator: {len(done)} of {len(done) + len(failed)} calls as WeCom answers them")
sys.exit(1 if failed else 0)
