// For pthread_rwlock_t in uv.h.
#define _GNU_SOURCE

#include "lanes.h"

#include <stdlib.h>
#include <uv.h>

#ifdef __linux__
#include <sys/resource.h>
#endif

// The last rank: a seventieth of what an ordinary thread gets where both want one processor, and
// all of it where nobody else does.
#define NICENESS 19

// While every lane has its next job waiting, what is done is handed over in groups: waking
// JavaScript's thread for each signature costs it more than answering does.
#define GROUP_NS 1000000

typedef struct {
  Job *first;
  Job *last;
  unsigned length;
} Queue;

typedef struct {
  uv_mutex_t mutex;
  uv_cond_t work_came;
  // Under the mutex.
  Queue waiting;
  Queue done;
  unsigned idle;
  bool is_rung;  // And what is done was not fetched yet.
  uint64_t rung_at_ns;
  bool is_ending;
  // Of JavaScript's thread.
  napi_threadsafe_function bell;
  size_t in_flight;
  unsigned thread_count;
  unsigned threads_max;  // Never changes.
  uv_thread_t *threads;
} Lanes;

static void push(Queue *queue, Job *job) {
  job->next = NULL;
  if (queue->first == NULL) {
    queue->first = job;
  } else {
    queue->last->next = job;
  }
  queue->last = job;
  queue->length++;
}

static Job *shift(Queue *queue) {
  Job *job = queue->first;
  queue->first = job->next;
  queue->length--;
  return job;
}

static void rank_behind(void) {
#ifdef __linux__
  // There, and only there, this is the calling thread's alone. Where it is refused nothing is lost.
  (void)setpriority(PRIO_PROCESS, 0, NICENESS);
#endif
}

// Under the mutex, after something was done. The last of what waits always rings.
static bool should_ring(Lanes *lanes) {
  if (lanes->is_rung) return false;
  uint64_t now_ns = uv_hrtime();
  bool is_busy = lanes->waiting.length >= lanes->threads_max;
  if (is_busy && now_ns - lanes->rung_at_ns < GROUP_NS) return false;
  lanes->is_rung = true;
  lanes->rung_at_ns = now_ns;
  return true;
}

static void drive(void *data) {
  Lanes *lanes = data;
  rank_behind();
  uv_mutex_lock(&lanes->mutex);
  for (;;) {
    while (lanes->waiting.first == NULL && !lanes->is_ending) {
      lanes->idle++;
      uv_cond_wait(&lanes->work_came, &lanes->mutex);
      lanes->idle--;
    }
    if (lanes->is_ending) break;
    Job *job = shift(&lanes->waiting);
    uv_mutex_unlock(&lanes->mutex);
    job->work(job);
    uv_mutex_lock(&lanes->mutex);
    push(&lanes->done, job);
    if (!should_ring(lanes)) continue;
    uv_mutex_unlock(&lanes->mutex);
    (void)napi_call_threadsafe_function(lanes->bell, NULL, napi_tsfn_nonblocking);
    uv_mutex_lock(&lanes->mutex);
  }
  uv_mutex_unlock(&lanes->mutex);
}

static void finish_all(napi_env env, Job *job) {
  while (job != NULL) {
    Job *next = job->next;
    job->finish(env, job);
    job = next;
  }
}

// On JavaScript's thread, rung by one of the others.
static void answer_done(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback;
  (void)data;
  // The environment is ending: `end` has freed everything.
  if (env == NULL) return;
  Lanes *lanes = context;
  uv_mutex_lock(&lanes->mutex);
  Job *first = lanes->done.first;
  lanes->done = (Queue){0};
  lanes->is_rung = false;
  uv_mutex_unlock(&lanes->mutex);
  for (Job *job = first; job != NULL; job = job->next) lanes->in_flight--;
  if (lanes->in_flight == 0) napi_unref_threadsafe_function(env, lanes->bell);
  finish_all(env, first);
}

// Waits for what is being worked on, and forgets the rest.
static void end(void *data) {
  Lanes *lanes = data;
  uv_mutex_lock(&lanes->mutex);
  lanes->is_ending = true;
  uv_cond_broadcast(&lanes->work_came);
  uv_mutex_unlock(&lanes->mutex);
  for (unsigned i = 0; i < lanes->thread_count; i++) uv_thread_join(&lanes->threads[i]);
  finish_all(NULL, lanes->waiting.first);
  finish_all(NULL, lanes->done.first);
  uv_cond_destroy(&lanes->work_came);
  uv_mutex_destroy(&lanes->mutex);
  free(lanes->threads);
  free(lanes);
}

bool create_lanes(napi_env env) {
  Lanes *lanes = calloc(1, sizeof *lanes);
  if (lanes == NULL) return false;
  lanes->threads_max = uv_available_parallelism();
  lanes->threads = calloc(lanes->threads_max, sizeof *lanes->threads);
  napi_value name;
  // The hook is set last, so that it runs before the bell is taken down.
  if (lanes->threads == NULL || uv_mutex_init(&lanes->mutex) != 0 ||
      uv_cond_init(&lanes->work_came) != 0 ||
      napi_create_string_utf8(env, "strongroom", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, lanes, answer_done,
                                      &lanes->bell) != napi_ok ||
      napi_unref_threadsafe_function(env, lanes->bell) != napi_ok ||
      napi_set_instance_data(env, lanes, NULL, NULL) != napi_ok ||
      napi_add_env_cleanup_hook(env, end, lanes) != napi_ok) {
    // Loaded once in a process's life: what is not taken down here is not worth the lines.
    return false;
  }
  return true;
}

bool enqueue(napi_env env, Job *job) {
  void *data = NULL;
  if (napi_get_instance_data(env, &data) != napi_ok || data == NULL) return false;
  Lanes *lanes = data;
  uv_mutex_lock(&lanes->mutex);
  bool is_awaited = lanes->idle > 0;
  uv_mutex_unlock(&lanes->mutex);
  if (!is_awaited && lanes->thread_count < lanes->threads_max &&
      uv_thread_create(&lanes->threads[lanes->thread_count], drive, lanes) == 0) {
    lanes->thread_count++;
  }
  if (lanes->thread_count == 0) return false;
  if (lanes->in_flight++ == 0) napi_ref_threadsafe_function(env, lanes->bell);
  uv_mutex_lock(&lanes->mutex);
  push(&lanes->waiting, job);
  if (lanes->idle > 0) uv_cond_signal(&lanes->work_came);
  uv_mutex_unlock(&lanes->mutex);
  return true;
}
