#include "delivery.h"

#include <algorithm>
#include <cstring>

namespace lastbyte {

namespace {

void write_outcome(double* record, const Outcome& outcome) {
  record[2] = outcome.pid;
  record[3] = outcome.code;
  record[4] = outcome.signal;
  record[5] = static_cast<double>(outcome.cause);
  record[6] = outcome.cut;
  record[7] = outcome.duration_ms;
  record[8] = outcome.user_ms;
  record[9] = outcome.system_ms;
  record[10] = outcome.max_rss_bytes;
  record[11] = outcome.status_errno;
}

void write_record(double* record, const Event& event) {
  record[0] = static_cast<double>(event.type);
  record[1] = static_cast<double>(event.execution);
  switch (event.type) {
    case EventType::started:
    case EventType::wait:
      record[2] = static_cast<double>(event.number);
      break;
    case EventType::start_failed:
      record[2] = event.error;
      record[3] = static_cast<double>(event.stage);
      break;
    case EventType::stdin_written:
      record[2] = static_cast<double>(event.number);
      record[3] = event.error;
      break;
    case EventType::stdin_closed:
      record[2] = event.error;
      break;
    case EventType::stream_end:
    case EventType::output:
      record[2] = event.stream;
      break;
    case EventType::reaped:
    case EventType::exit:
      write_outcome(record, event.outcome);
      break;
  }
}

}  // namespace

napi_value Delivery::take(napi_env env, Tenant& tenant, std::vector<napi_ref>* released) {
  records_[0] = 0;
  if (cursor_ == batch_.events.size()) {
    cursor_ = 0;
    if (!tenant.queue.take(&batch_)) return nullptr;
  }
  const size_t end = std::min(batch_.events.size(), cursor_ + kRecordCapacity);

  napi_value buffers = nullptr;
  uint32_t buffer_count = 0;
  size_t small = 0;
  double* record = records_ + 1;
  const size_t begin = cursor_;
  for (; cursor_ < end; cursor_++, record += kRecordStride) {
    Event& event = batch_.events[cursor_];
    if (event.type == EventType::output && !event.block && small + event.size > kSmallBytes) break;
    write_record(record, event);
    if (event.reference != nullptr) released->push_back(static_cast<napi_ref>(event.reference));
    if (event.type != EventType::output) continue;
    record[5] = static_cast<double>(event.size);
    if (event.block) {
      if (buffers == nullptr) napi_create_array(env, &buffers);
      napi_set_element(env, buffers, buffer_count, hand_over(env, std::move(event.block)));
      record[3] = buffer_count++;
      record[4] = 0;
    } else {
      std::memcpy(small_bytes_ + small, batch_.bytes.data() + event.number, event.size);
      record[3] = -1;
      record[4] = static_cast<double>(small);
      small += event.size;
    }
  }
  records_[0] = static_cast<double>(cursor_ - begin);
  if (!copy_output_) lend_slabs(env, tenant.depot);
  return buffers;
}

void Delivery::lend_slabs(napi_env env, SlabDepot& depot) {
  for (size_t count = depot.wanted(); count > 0; count--) {
    void* data = nullptr;
    napi_value buffer = nullptr;
    if (napi_create_buffer(env, kSlabBytes, &data, &buffer) != napi_ok) return;
    lend(env, buffer, data, depot);
  }
}

void Delivery::lend(napi_env env, napi_value buffer, void* data, SlabDepot& depot) {
  napi_ref reference = nullptr;
  if (napi_create_reference(env, buffer, 1, &reference) != napi_ok) return;
  depot.lend(new Block{
      .data = static_cast<char*>(data), .capacity = kSlabBytes, .size = 0, .depot = &depot, .lender = reference});
}

void Delivery::recycle(napi_env env, napi_value chunk, SlabDepot& depot) {
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_buffer_info(env, chunk, &data, &size) != napi_ok) return;
  if (size == kSlabBytes && depot.has_room()) lend(env, chunk, data, depot);
}

void Delivery::withdraw_slabs(napi_env env, Tenant& tenant) {
  batch_.clear();
  for (Block* block : tenant.depot.withdraw()) {
    napi_delete_reference(env, static_cast<napi_ref>(block->lender));
    delete block;
  }
}

napi_value Delivery::hand_over(napi_env env, BlockPtr block) {
  napi_value buffer = nullptr;
  if (block->depot != nullptr) {
    const auto reference = static_cast<napi_ref>(block->lender);
    napi_get_reference_value(env, reference, &buffer);
    napi_delete_reference(env, reference);
    delete block.release();
    return buffer;
  }
  if (!copy_output_) {
    const napi_status status = napi_create_external_buffer(
        env, block->size, block->data, [](napi_env, void*, void* hint) { recycle_block(static_cast<Block*>(hint)); },
        block.get(), &buffer);
    if (status == napi_ok) {
      static_cast<void>(block.release());
      return buffer;
    }
    copy_output_ = true;
  }
  napi_create_buffer_copy(env, block->size, block->data, nullptr, &buffer);
  return buffer;
}

}  // namespace lastbyte
