#include "environment.h"

#include <cerrno>

#include "js.h"
#include "request_reader.h"

namespace lastbyte {

namespace {

// Up to here a copy costs less than keeping JavaScript's buffer alive.
constexpr size_t kCopiedWriteBytes = 64 * 1024;

// The memory of a typed array of at least `length`, kept alive by `reference`; null where it is something else.
void* share_array(napi_env env, napi_value value, napi_typedarray_type wanted, size_t length, napi_ref* reference) {
  napi_typedarray_type type = napi_int8_array;
  size_t actual = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &actual, &data, nullptr, nullptr) != napi_ok) return nullptr;
  if (type != wanted || actual < length) return nullptr;
  napi_create_reference(env, value, 1, reference);
  return data;
}

bool option(napi_env env, napi_value options, const char* name) {
  napi_value value = nullptr;
  return napi_get_named_property(env, options, name, &value) == napi_ok && js::boolean(env, value);
}

int stream_number(napi_env env, napi_value value) { return js::number(env, value) == 2 ? 2 : 1; }

}  // namespace

napi_value Environment::open(napi_env env, napi_callback_info info) {
  const js::Arguments arguments(env, info);
  auto* environment = new Environment;
  if (!environment->start(env, arguments.values)) {
    environment->release_arrays(env);
    delete environment;
    return nullptr;
  }
  // After the threadsafe function, so before its own cleanup: hooks run last in, first out, and nothing may call a
  // threadsafe function that is gone.
  napi_add_env_cleanup_hook(env, on_cleanup, environment);
  return environment->methods(env);
}

bool Environment::start(napi_env env, const napi_value arguments[5]) {
  constexpr size_t records_length = 1 + kRecordCapacity * kRecordStride;
  void* const records = share_array(env, arguments[1], napi_float64_array, records_length, &records_reference_);
  void* const request = share_array(env, arguments[2], napi_float64_array, kRequestSlots, &request_reference_);
  void* const small_bytes = share_array(env, arguments[3], napi_uint8_array, kSmallBytes, &small_bytes_reference_);
  request_ = static_cast<double*>(request);
  if (records == nullptr || request == nullptr || small_bytes == nullptr) {
    napi_throw_type_error(env, nullptr, "open: the shared arrays have another size than this addon expects");
    return false;
  }
  const int error = Engine::acquire(&engine_);
  if (error != 0) {
    js::throw_system_error(env, error, "The engine's threads could not be started");
    return false;
  }
  const napi_status status =
      napi_create_threadsafe_function(env, arguments[0], nullptr, js::make(env, "lastbyte"), 0, 1, nullptr, nullptr,
                                      this, on_wake, &wake_function_);
  if (status != napi_ok) {
    Engine::release();
    napi_throw_error(env, nullptr, "open: no threadsafe function");
    return false;
  }
  napi_unref_threadsafe_function(env, wake_function_);
  tenant_ = std::make_shared<Tenant>(this);
  delivery_ = std::make_unique<Delivery>(static_cast<double*>(records), static_cast<char*>(small_bytes),
                                         option(env, arguments[4], "copyOutput"));
  return true;
}

// Under the queue's lock, and so never after the queue has been closed.
void Environment::wake() { napi_call_threadsafe_function(wake_function_, nullptr, napi_tsfn_nonblocking); }

void Environment::on_wake(napi_env env, napi_value callback, void*, void*) {
  if (env == nullptr) return;  // the environment is being torn down
  napi_value undefined = nullptr;
  napi_get_undefined(env, &undefined);
  if (napi_call_function(env, undefined, callback, 0, nullptr, nullptr) != napi_pending_exception) return;
  // Node only warns of an exception that leaves a threadsafe function's callback; it has to be an uncaught one.
  napi_value exception = nullptr;
  napi_get_and_clear_last_exception(env, &exception);
  napi_fatal_exception(env, exception);
}

void Environment::on_cleanup(void* self) {
  auto* environment = static_cast<Environment*>(self);
  environment->shut_down();
  delete environment;
}

void Environment::shut_down() {
  if (engine_ == nullptr) return;
  engine_->shut_down(tenant_);
  engine_ = nullptr;
  Engine::release();
}

template <napi_value (Environment::*Method)(napi_env, const napi_value*)>
napi_value Environment::call(napi_env env, napi_callback_info info) {
  const js::Arguments arguments(env, info);
  auto* environment = static_cast<Environment*>(arguments.data);
  if (environment->engine_ == nullptr) return js::make(env, false);
  return (environment->*Method)(env, arguments.values);
}

napi_value Environment::methods(napi_env env) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  js::set_method(env, object, "execute", call<&Environment::execute>, this);
  js::set_method(env, object, "wait", call<&Environment::wait>, this);
  js::set_method(env, object, "write", call<&Environment::write>, this);
  js::set_method(env, object, "end", call<&Environment::end>, this);
  js::set_method(env, object, "kill", call<&Environment::kill>, this);
  js::set_method(env, object, "terminate", call<&Environment::terminate>, this);
  js::set_method(env, object, "grant", call<&Environment::grant>, this);
  js::set_method(env, object, "recycle", call<&Environment::recycle>, this);
  js::set_method(env, object, "pause", call<&Environment::pause>, this);
  js::set_method(env, object, "cancel", call<&Environment::cancel>, this);
  js::set_method(env, object, "expectStarted", call<&Environment::expect_started>, this);
  js::set_method(env, object, "take", call<&Environment::take>, this);
  js::set_method(env, object, "ref", call<&Environment::ref>, this);
  js::set_method(env, object, "unref", call<&Environment::unref>, this);
  js::set_method(env, object, "leaveAtExit", call<&Environment::leave_at_exit>, this);
  js::set_method(env, object, "close", call<&Environment::close>, this);
  js::set_method(env, object, "shutdown", call<&Environment::shutdown>, this);
  js::set_method(env, object, "stats", call<&Environment::stats>, this);
  js::set_method(env, object, "pipe", call<&Environment::pipe>, this);
  js::set_method(env, object, "duplicate", call<&Environment::duplicate>, this);
  js::set_method(env, object, "pipeInode", call<&Environment::pipe_inode>, this);
  return object;
}

std::shared_ptr<Execution> Environment::find(napi_env env, napi_value id) const {
  return tenant_->find(static_cast<uint64_t>(js::number(env, id)));
}

napi_value Environment::execute(napi_env env, const napi_value* arguments) {
  engine_->execute(tenant_, read_request(env, arguments, request_));
  return nullptr;
}

napi_value Environment::pipe(napi_env env, const napi_value*) {
  int ends[2];
  if (sys::make_pipe(ends) != 0) {
    js::throw_system_error(env, errno, "A pipe could not be made");
    return nullptr;
  }
  napi_value array = nullptr;
  napi_create_array_with_length(env, 2, &array);
  for (uint32_t i = 0; i < 2; i++) napi_set_element(env, array, i, js::make(env, static_cast<double>(ends[i])));
  return array;
}

napi_value Environment::duplicate(napi_env env, const napi_value* arguments) {
  return js::make(env, static_cast<double>(sys::duplicate(static_cast<int>(js::number(env, arguments[0])))));
}

napi_value Environment::pipe_inode(napi_env env, const napi_value* arguments) {
  const auto execution = find(env, arguments[0]);
  if (!execution) return js::make(env, 0.0);
  const OutputStream& stream = execution->output[stream_number(env, arguments[1]) - 1];
  return js::make(env, stream.ended ? 0.0 : static_cast<double>(stream.inode));
}

napi_value Environment::wait(napi_env env, const napi_value* arguments) {
  engine_->wait(tenant_, static_cast<uint64_t>(js::number(env, arguments[0])),
                static_cast<uint64_t>(js::number(env, arguments[1])));
  return nullptr;
}

napi_value Environment::write(napi_env env, const napi_value* arguments) {
  napi_typedarray_type type = napi_uint8_array;
  size_t size = 0;
  void* data = nullptr;
  napi_get_typedarray_info(env, arguments[1], &type, &size, &data, nullptr, nullptr);
  StdinChunk chunk;
  chunk.size = size;
  chunk.token = static_cast<uint64_t>(js::number(env, arguments[2]));
  const std::shared_ptr<Execution> execution = find(env, arguments[0]);
  if (execution == nullptr) {
    Event event(EventType::stdin_written, static_cast<uint64_t>(js::number(env, arguments[0])));
    event.number = chunk.token;
    event.error = EPIPE;
    tenant_->queue.post(std::move(event));
    tenant_->queue.flush();
    return nullptr;
  }
  if (size <= kCopiedWriteBytes) {
    chunk.copy.assign(static_cast<const char*>(data), size);
  } else {
    napi_ref reference = nullptr;
    napi_create_reference(env, arguments[1], 1, &reference);
    writes_.insert(reference);
    chunk.data = static_cast<const char*>(data);
    chunk.reference = reference;
  }
  execution->pump->write(execution, std::move(chunk));
  return nullptr;
}

napi_value Environment::end(napi_env env, const napi_value* arguments) {
  if (const auto execution = find(env, arguments[0])) execution->pump->end_stdin(execution);
  return nullptr;
}

napi_value Environment::kill(napi_env env, const napi_value* arguments) {
  const auto execution = find(env, arguments[0]);
  return js::make(env, execution != nullptr && execution->kill(static_cast<int>(js::number(env, arguments[1]))));
}

napi_value Environment::terminate(napi_env env, const napi_value* arguments) {
  const auto execution = find(env, arguments[0]);
  if (execution == nullptr) return js::make(env, false);
  const auto cause = static_cast<Cause>(static_cast<int>(js::number(env, arguments[1])));
  const auto signal = static_cast<int>(js::number(env, arguments[2]));
  return js::make(env, engine_->terminate(*execution, cause, signal, nanoseconds(js::number(env, arguments[3]))));
}

napi_value Environment::grant(napi_env env, const napi_value* arguments) {
  if (const auto execution = find(env, arguments[0])) {
    const auto bytes = static_cast<int64_t>(js::number(env, arguments[2]));
    execution->pump->grant(*execution, stream_number(env, arguments[1]), bytes);
  }
  return nullptr;
}

napi_value Environment::recycle(napi_env env, const napi_value* arguments) {
  delivery_->recycle(env, arguments[0], tenant_->depot);
  return nullptr;
}

napi_value Environment::pause(napi_env env, const napi_value* arguments) {
  if (const auto execution = find(env, arguments[0])) {
    execution->pump->hold(*execution, stream_number(env, arguments[1]), js::boolean(env, arguments[2]));
  }
  return nullptr;
}

napi_value Environment::cancel(napi_env env, const napi_value* arguments) {
  const auto execution = find(env, arguments[0]);
  const int stream = stream_number(env, arguments[1]);
  if (execution != nullptr && execution->output[stream - 1].piped) execution->pump->cancel(execution, stream);
  return nullptr;
}

napi_value Environment::expect_started(napi_env env, const napi_value* arguments) {
  if (const auto execution = find(env, arguments[0])) Engine::expect_started(*execution);
  return nullptr;
}

napi_value Environment::take(napi_env env, const napi_value*) {
  std::vector<napi_ref> released;
  const napi_value buffers = delivery_->take(env, *tenant_, &released);
  release_writes(env, released);
  return buffers;
}

void Environment::release_writes(napi_env env, const std::vector<napi_ref>& references) {
  for (const napi_ref reference : references) {
    writes_.erase(reference);
    napi_delete_reference(env, reference);
  }
}

napi_value Environment::ref(napi_env env, const napi_value*) {
  napi_ref_threadsafe_function(env, wake_function_);
  return nullptr;
}

napi_value Environment::unref(napi_env env, const napi_value*) {
  napi_unref_threadsafe_function(env, wake_function_);
  return nullptr;
}

napi_value Environment::leave_at_exit(napi_env env, const napi_value* arguments) {
  if (const auto execution = find(env, arguments[0])) {
    std::lock_guard lock(execution->mutex);
    execution->leave_at_exit = js::boolean(env, arguments[1]);
  }
  return nullptr;
}

napi_value Environment::close(napi_env, const napi_value*) {
  engine_->close(*tenant_);
  return nullptr;
}

napi_value Environment::shutdown(napi_env env, const napi_value*) {
  shut_down();
  napi_release_threadsafe_function(wake_function_, napi_tsfn_abort);
  delivery_->withdraw_slabs(env, *tenant_);
  release_writes(env, std::vector<napi_ref>(writes_.begin(), writes_.end()));
  release_arrays(env);
  return nullptr;
}

void Environment::release_arrays(napi_env env) {
  if (records_reference_ != nullptr) napi_delete_reference(env, records_reference_);
  if (request_reference_ != nullptr) napi_delete_reference(env, request_reference_);
}

napi_value Environment::stats(napi_env env, const napi_value*) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  const auto set = [&](const char* name, napi_value value) { napi_set_named_property(env, object, name, value); };
  set("threads", js::make(env, static_cast<double>(engine_->threads())));
  set("live", js::make(env, static_cast<double>(tenant_->live())));
  set("queued", js::make(env, static_cast<double>(tenant_->queue.size())));
  set("slabBytes", js::make(env, static_cast<double>(block_bytes())));
  set("exitWatch", js::make(env, engine_->exit_watch()));
  return object;
}

}  // namespace lastbyte
