// SPDX-License-Identifier: Apache-2.0
// The box: builds every room and wires them together. It decides nothing: the session does. One thread, one io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/fault_board.hpp"
#include "base/net/http_client.hpp"
#include "board/board.hpp"
#include "board/linux/cameras.hpp"
#include "board/linux/node_watch.hpp"
#include "firmware/config/config.hpp"
#include "firmware/control/control.hpp"
#include "firmware/schedule/choice.hpp"
#include "firmware/schedule/feeds.hpp"
#include "firmware/session/camera_process.hpp"
#include "firmware/session/cards.hpp"
#include "firmware/session/chime.hpp"
#include "firmware/session/media_process.hpp"
#include "firmware/session/press_book.hpp"
#include "firmware/session/runner.hpp"
#include "firmware/signalling/office.hpp"

namespace madoguchi {

template <class Reply>
class Owed;

class Box final : public session::Ports {
 public:
  /// `media`: how a life of the media process is started; by default as the program of the configuration.
  Box(boost::asio::io_context& io, Clock& clock, config::Config config, std::unique_ptr<board::Board> board,
      session::Spawner media = {});
  ~Box() override;
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  /// Takes the control socket, reads what is on disk, starts the children. Errc::busy: another daemon runs here.
  Result<void> start();
  /// Ends the children and everything that waits: the io_context runs out of work. A press stays remembered.
  void stop();

  // session::Ports
  void make_offer(const session::MakeOffer& action) override;
  void apply_answer(const session::ApplyAnswer& action) override;
  void drop_leg(const session::DropLeg& action) override;
  void set_mute(bool muted) override;
  void replace_media() override;
  void open_devices() override;
  void close_devices() override;
  void open_events(const std::string& url) override;
  boost::asio::awaitable<session::Event> post_offer(session::PostOffer action) override;
  boost::asio::awaitable<void> delete_resource(std::string resource) override;
  boost::asio::awaitable<bool> post_event(std::string url, std::string type) override;
  boost::asio::awaitable<bool> tell_state() override;
  boost::asio::awaitable<void> remember_press(session::Plan plan) override;
  boost::asio::awaitable<void> forget_press() override;
  void raise(const session::RaiseFault& action) override;
  void clear(const session::ClearFault& action) override;
  void show(const session::View& view) override;
  void observed(const session::Event& event, const session::State& state) override;

 private:
  struct Timings {
    std::optional<BootTime> pressed, lamp, first_rtp, first_frame;
  };
  struct Heard;
  /// What look_around() knows.
  struct Watched {
    WallTime clock_floor{};
    bool clock_wrong = false;
    std::optional<BootTime> synchronised, clock_saved, lamp_differs;
    BootTime began{};
    std::optional<std::filesystem::file_time_type> configuration;
    bool configuration_known = false;
    bool camera_looked_at = false;  ///< since the last consultation
  };

  struct OfficeKnown {
    std::optional<Fault> fault;
    std::string words;  ///< what is wrong; never an address
  };

  // box.cpp
  void spawn(boost::asio::awaitable<void> work, std::string what);
  void pressed(board::Press press);
  void touched(bool down);
  void mute_pressed();
  void tick();
  void look_at_agenda();
  void update_lamp();
  void show_card();
  [[nodiscard]] session::CardFacts card_facts() const;
  [[nodiscard]] std::optional<session::Plan> open_plan() const;
  void keep_events_open();
  void events_up();
  void end_all();
  boost::asio::awaitable<void> finish_devices();
  boost::asio::awaitable<void> end_children();
  void resume_press();
  /// Of the press and the resources: raises disk-full or takes it back.
  void disk_took(const Result<void>& saved);

  // box_watch.cpp
  /// What nobody tells the box of: every minute, and what is cheap at every tick.
  void look_around();
  void look_at_clock();
  void look_at_lamp();
  void look_at_configuration();
  void look_for_strangers();
  /// While no camera is open: whether one is there.
  void look_at_camera();
  /// A fault that only hands can mend takes the box out of service, while nobody talks.
  void judge_service();
  [[nodiscard]] bool is_idle() const;
  void load_clock_floor();
  boost::asio::awaitable<void> save_clock();
  [[nodiscard]] json::bj::object clock_status() const;
  /// Codes of what would spoil the next press.
  [[nodiscard]] json::bj::array spoilers() const;

  // box_offices.cpp
  /// At the start and every hour; sooner, with back-off, while something is wrong.
  boost::asio::awaitable<void> keep_trying_offices();
  void office_is(const std::string& host, std::optional<Fault> fault, const std::string& words);
  [[nodiscard]] json::bj::array offices_status() const;

  // box_children.cpp
  void media_ready(const protocol::Ready& ready);
  void media_said(const protocol::FromMedia& message);
  void media_lost(const session::Loss& loss);
  void camera_ready(const protocol::CameraReady& ready);
  void camera_failed(const protocol::CameraFailed& failed);
  void camera_lost(const session::Loss& loss);
  void camera_dark(bool dark);
  void camera_stuck();
  void clear_camera_faults();
  std::string find_camera();
  void watch_cameras();
  [[nodiscard]] json::bj::object camera_status() const;
  /// False: not delivered, the media process is not there.
  bool to_media(const protocol::ToMedia& message, std::span<const int> fds = {});
  void attach_frames();
  void office_said(const signalling::OfficeEvent& event);

  // box_status.cpp
  boost::asio::awaitable<Result<control::Reply>> answer(control::Question question);
  [[nodiscard]] json::bj::object status(const protocol::SpeakerMeasured& speaker) const;
  [[nodiscard]] json::bj::object agenda() const;
  [[nodiscard]] json::bj::array feeds_status() const;
  [[nodiscard]] json::bj::array legs_status() const;
  [[nodiscard]] json::bj::array faults_status() const;
  [[nodiscard]] json::bj::array lamp_since_press() const;
  Result<json::bj::object> press(const control::Question& question);
  Result<json::bj::object> mute(const control::Question& question);

  // box_asks.cpp
  boost::asio::awaitable<Result<control::Reply>> screenshot();
  /// Silence where the media process does not answer.
  boost::asio::awaitable<protocol::SpeakerMeasured> measure_speaker();
  void answered(const protocol::Screenshot& shot);
  void answered(const protocol::SpeakerMeasured& measured);
  /// By a media process that is gone.
  void unanswered(const std::string& why);

  boost::asio::io_context& io_;
  Clock& clock_;
  config::Config config_;
  UniqueFd state_lock_;               ///< no second daemon on the same state, even while this one hangs
  boost::asio::thread_pool disk_{1};  ///< one thread: what is written keeps its order
  HttpClient http_;
  std::unique_ptr<board::Board> board_;
  board::Simulation* simulated_;  ///< of that board, or nullptr
  signalling::Office office_;
  session::PressBook press_book_;
  schedule::Feeds feeds_;
  schedule::Choice choice_;
  session::MediaProcess media_;
  session::CameraProcess camera_;
  session::Runner runner_;
  std::unique_ptr<control::Server> control_;
  std::list<std::shared_ptr<boost::asio::cancellation_signal>> running_;
  Alarm ticker_;
  Alarm look_around_again_;
  Watched watched_;
  std::map<std::string, OfficeKnown> offices_known_;  ///< by host
  Alarm media_steady_;
  Alarm camera_steady_;
  board::DeviceRoots roots_;
  std::unique_ptr<board::NodeWatch> camera_watch_;
  board::Camera camera_found_;  ///< that the rules chose last

  session::View view_;
  session::AgendaSeen agenda_seen_;
  FaultBoard faults_;
  bool microphone_ = false;
  std::optional<BootTime> touched_since_;  ///< a finger is on the button
  std::optional<BootTime> calling_since_;
  std::chrono::sys_days shown_day_{};  ///< the day on the TV
  bool muted_ = false;
  session::Chime chime_;
  std::string camera_words_;            ///< why there is no picture, for IT
  std::optional<Fault> camera_reason_;  ///< what the camera process said of itself before it ended
  bool stopping_ = false;
  Timings timings_;
  std::map<std::uint32_t, protocol::LegStats> leg_stats_;
  protocol::RoomStats room_stats_;
  std::optional<protocol::Ready> ready_;
  // What the media process owes, by the number of the question.
  std::map<std::uint32_t, std::shared_ptr<Owed<protocol::Screenshot>>> shots_;
  std::map<std::uint32_t, std::shared_ptr<Owed<protocol::SpeakerMeasured>>> measures_;
  std::uint32_t last_question_ = 0;
};

}  // namespace madoguchi
